"""One import: how far each folder has come, the proof at its end, and what can be done with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from mailserver.errors import TooManyAttempts
from mailserver.net.remote_trouble import RemoteTrouble
from mailserver.services import external
from webmail.access import account, signed_in
from webmail.forms.external import ExternalPasswordForm
from webmail.fragments import answer
from webmail.rendering.imports import Import


@require_safe
@signed_in
def external_report(request: HttpRequest, external_id: int) -> HttpResponse:
    """Folder by folder; it looks anew while something moves."""
    context = _context(request, external_id, ExternalPasswordForm())
    return answer(request, "external/report.html", "external/_report.html", context)


@require_POST
@signed_in
def external_act(request: HttpRequest, external_id: int) -> HttpResponse:
    """Pause, go on, remove."""
    who = {"account_id": account(request).pk, "external_id": external_id}
    match request.POST.get("do"):
        case "pause":
            external.pause(**who)
        case "resume":
            external.resume(**who)
        case "remove":
            external.remove(**who)
            messages.success(request, "Removed. The mail that came stays.")
            return redirect("external")
        case _:
            raise Http404
    return redirect("external_report", external_id)


@sensitive_post_parameters()
@sensitive_variables()
@require_POST
@signed_in
def external_password(request: HttpRequest, external_id: int) -> HttpResponse:
    """Another password for the account there, tried at once."""
    form = ExternalPasswordForm(request.POST)
    if form.is_valid():
        try:
            external.set_password(account_id=account(request).pk, external_id=external_id, **form.cleaned_data)
        except (RemoteTrouble, TooManyAttempts) as error:
            form.add_error("password", str(error))
        else:
            messages.success(request, "It works. The import goes on.")
            return redirect("external_report", external_id)
    return render(request, "external/report.html", _context(request, external_id, form), status=400)


def _context(request: HttpRequest, external_id: int, form: ExternalPasswordForm) -> dict[str, Any]:
    row = external.get(account(request).pk, external_id)
    return {
        "line": Import(row, external.folders(row)),
        "failures": external.failures(row),
        "form": form,
        "current": "account",
    }
