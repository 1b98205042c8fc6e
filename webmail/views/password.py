"""A new password for oneself."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailserver.errors import AuthenticationFailed, TooManyAttempts
from mailserver.services import accounts, login
from webmail.access import account, signed_in
from webmail.auth import peer
from webmail.forms.password import PasswordForm


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Change it; every other session of the account ends, this one gets a new id."""
    reader = account(request)
    form = PasswordForm(reader, request.POST or None)
    if form.is_valid():
        try:
            login.authenticate(address=reader.address, password=form.cleaned_data["current"], peer=peer(request))
        except TooManyAttempts as error:
            form.add_error("current", str(error))
        except AuthenticationFailed:
            form.add_error("current", "This is not your password.")
        else:
            accounts.set_password(account_id=reader.pk, password=form.cleaned_data["new"])
            reader.refresh_from_db()
            update_session_auth_hash(request, reader)
            messages.success(request, "Your password is changed. Everywhere else you are signed out.")
            return redirect("account")
    context = {"form": form, "current": "account"}
    return render(request, "account/password.html", context, status=400 if form.errors else 200)
