"""Oneself: name, looks, time zone, and the way out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mailserver.services import accounts
from webmail.access import account as reader
from webmail.access import signed_in
from webmail.forms.account import AccountForm, time_zones


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Show and change it."""
    form = AccountForm(request.POST or None, instance=reader(request))
    if form.is_valid():
        accounts.set_preferences(account_id=reader(request).pk, **form.cleaned_data)
        messages.success(request, "Saved")
        return redirect("account")
    context = {"form": form, "time_zones": time_zones(), "current": "account"}
    return render(request, "account/page.html", context, status=400 if form.errors else 200)
