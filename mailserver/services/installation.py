"""The first domain and administrator of an empty installation."""

from __future__ import annotations

from django.db import connection, transaction

from mailserver.errors import NotPermitted
from mailserver.mail import addresses
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.store.models import Account, Domain

_LOCK = 0x636F7272  # any number that nothing else locks


def is_empty() -> bool:
    """Whether nobody has an account yet."""
    return not Account.objects.exists()


def begin(*, address: str, name: str, password: str) -> Account:
    """Make the domain of `address` and its first account, an administrator.

    Raises InvalidName, and NotPermitted once there is an account: of two who try at once only one comes through.
    """
    domain = addresses.parse(address).domain
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not is_empty():
            raise NotPermitted("This installation has its administrator already.")
        if not Domain.objects.filter(name=domain).exists():
            add_domain(domain)
        return create_account(address=address, name=name, password=password, admin=True)
