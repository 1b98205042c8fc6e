"""Accounts at other servers: which mail is being imported, and adding one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from mailserver.errors import AlreadyExists, NotPermitted, TooManyAttempts
from mailserver.net.remote_trouble import RemoteTrouble
from mailserver.services import external as externals
from webmail.access import account, signed_in
from webmail.forms.external import ExternalForm
from webmail.fragments import answer
from webmail.rendering.imports import Import


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def external(request: HttpRequest) -> HttpResponse:
    """The list, which looks anew while something moves, and the form."""
    form = ExternalForm(request.POST or None)
    if form.is_valid():
        try:
            made = externals.add(account_id=account(request).pk, **form.cleaned_data)
        except RemoteTrouble as error:
            form.add_error(error.field, str(error))
        except (AlreadyExists, NotPermitted, TooManyAttempts) as error:
            form.add_error("host", str(error))
        else:
            messages.success(request, "The import has begun")
            return redirect("external_report", made.pk)
    lines = [Import(row, list(row.folders.all())) for row in externals.list_for(account(request).pk)]
    context = {"form": form, "lines": lines, "moving": any(line.moving for line in lines), "current": "account"}
    return answer(request, "external/page.html", "external/_list.html", context, status=400 if form.errors else 200)
