"""How much an account keeps and may keep."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum
from django.db.models.functions import Coalesce

from mailserver.errors import NotFound
from mailserver.store.models import Account


@dataclass(frozen=True, slots=True)
class Quota:
    """Octets used, the most that may be (0: no bound), and messages in all folders."""

    used_octets: int
    limit_octets: int
    messages: int


def of(account_id: int) -> Quota:
    """Raises NotFound."""
    sums = (Coalesce(Sum("mailboxes__size"), 0), Coalesce(Sum("mailboxes__total"), 0))
    row = Account.objects.filter(pk=account_id).values_list(sums[0], "quota", sums[1]).first()
    if row is None:
        raise NotFound("There is no such account.")
    return Quota(*row)
