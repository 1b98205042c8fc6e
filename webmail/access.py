"""Who may see what: the account behind a request, and its rows or 404."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from mailserver.store.models import Account
from webmail.fragments import go_to, is_htmx

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def account(request: HttpRequest) -> Account:
    """The signed-in account; only for views behind `signed_in`."""
    return cast("Account", request.user)


def signed_in(view: View[P]) -> View[P]:
    """Send everybody else to the sign-in page, and back here afterwards."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if is_htmx(request):
            return go_to(reverse("signin"))
        return redirect_to_login(request.get_full_path(), reverse("signin"))

    return guarded


def next_page(request: HttpRequest, otherwise: str = "inbox") -> str:
    """Where the form's or the address's `next` leads: a path of this site, else the page named `otherwise`."""
    path = request.POST.get("next", request.GET.get("next", ""))
    ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if ours else reverse(otherwise)


def row_id(text: str) -> int | None:
    """The id a form or an address names; None for what cannot be one (a bigint has at most 19 digits)."""
    return int(text) if text.isdecimal() and len(text) < 19 else None
