"""How much room an account has and takes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from mailserver.errors import NotFound
from mailserver.store.models import Account, Mailbox


@dataclass(frozen=True, slots=True)
class Quota:
    """In octets; a limit of 0 is none."""

    used_octets: int
    limit_octets: int
    messages: int


def of(account_id: int) -> Quota:
    """Raises NotFound."""
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        raise NotFound("There is no such account.")
    used = Mailbox.objects.filter(account_id=account_id).aggregate(size=Sum("size"), total=Sum("total"))
    return Quota(used["size"] or 0, account.quota, used["total"] or 0)
