"""The first page of an empty installation: its domain and its administrator."""

from __future__ import annotations

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailserver.errors import InvalidName
from mailserver.services import installation
from webmail.forms.doors import WelcomeForm
from webmail.views.signin import BACKEND


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """Only while nobody has an account; afterwards it leads to the sign-in page."""
    if not installation.is_empty():
        return redirect("signin")
    form = WelcomeForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            account = installation.begin(address=given["address"], name=given["name"], password=given["password"])
        except InvalidName as error:
            form.add_error("address", str(error))
        else:
            auth.login(request, account, backend=BACKEND)
            return redirect("inbox")
    return render(request, "signin/welcome.html", {"form": form}, status=400 if form.errors else 200)
