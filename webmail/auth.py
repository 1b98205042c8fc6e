"""Sign-in to the page with an address and its password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from mailserver.errors import AuthenticationFailed, TooManyAttempts
from mailserver.services import login
from mailserver.store.models import Account


class AccountBackend(ModelBackend):
    """Accounts as the mail servers know them, with the counters of failed sign-ins that all doors share."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **credentials: Any
    ) -> Account | None:
        address = username or credentials.get("address")
        if not address or password is None:
            return None
        try:
            found = login.authenticate(address=address, password=password, peer=peer(request))
        except AuthenticationFailed:
            return None
        except TooManyAttempts as error:
            raise PermissionDenied(str(error)) from error
        return Account.objects.get(pk=found.account_id)


def peer(request: HttpRequest | None) -> str:
    """The client's IP address."""
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""
