"""Sign-in to the page with an address and its password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from mailserver.store.models import Account


class AccountBackend(ModelBackend):
    """Django's backend over `Account`, with addresses compared without regard to case."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **credentials: Any
    ) -> Account | None:
        address = username or credentials.get("address")
        if not address or password is None:
            return None
        account = Account.objects.filter(address__iexact=address.strip()).first()
        if account is None:
            Account().set_password(password)  # the same time for an unknown address
            return None
        return account if account.check_password(password) and account.is_active else None
