"""In and out."""

from __future__ import annotations

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mailserver.errors import AuthenticationFailed, TooManyAttempts
from mailserver.services import installation, login
from mailserver.store.models import Account
from webmail.access import next_page
from webmail.auth import peer
from webmail.forms.doors import SignInForm

BACKEND = "webmail.auth.AccountBackend"
WRONG = "This address and password do not belong together."


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    """Ask for address and password; the session gets a new id and Django's `next` is followed on this site only."""
    if request.user.is_authenticated:
        return redirect(next_page(request))
    if request.method != "POST":
        return redirect("welcome") if installation.is_empty() else _page(request, SignInForm())
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, WRONG, 403)
    given = form.cleaned_data
    try:
        found = login.authenticate(address=given["address"], password=given["password"], peer=peer(request))
    except AuthenticationFailed:
        return _page(request, form, WRONG, 403)
    except TooManyAttempts as error:
        return _page(request, form, str(error), 429)
    auth.login(request, Account.objects.get(pk=found.account_id), backend=BACKEND)
    if not given["stay"]:
        request.session.set_expiry(0)
    return redirect(next_page(request))


@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("signin")


def _page(request: HttpRequest, form: SignInForm, problem: str = "", status: int = 200) -> HttpResponse:
    context = {"form": form, "problem": problem, "next": request.GET.get("next", request.POST.get("next", ""))}
    return render(request, "signin/page.html", context, status=status)
