"""Whom an account knows: addresses and domains it has written to, kept mail of, or called spam."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from mailserver.mail.addresslists import MAX_ADDRESS
from mailserver.mail.spam.evidence import Standing
from mailserver.store.models import Acquaintance

# A stranger who has not written for so long is a stranger again.
REMEMBERED = timedelta(days=400)
BATCH = 5000

_COUNT = """
INSERT INTO acquaintance AS a (account_id, sender, spam, ham, written, seen_on)
SELECT account_id, sender, greatest(0, %(spam)s), greatest(0, %(ham)s), false, %(today)s
FROM unnest(%(accounts)s::bigint[]) AS account_id CROSS JOIN unnest(%(senders)s::text[]) AS sender
ORDER BY account_id, sender
ON CONFLICT (account_id, sender) DO UPDATE
SET spam = greatest(0, a.spam + %(spam)s), ham = greatest(0, a.ham + %(ham)s), seen_on = %(today)s
"""

_WRITE = """
INSERT INTO acquaintance AS a (account_id, sender, spam, ham, written, seen_on)
SELECT %(account)s, sender, 0, 0, true, %(today)s FROM unnest(%(senders)s::text[]) AS sender ORDER BY sender
ON CONFLICT (account_id, sender) DO UPDATE SET written = true, seen_on = %(today)s WHERE NOT a.written
"""


def standings(account_ids: Collection[int], address: str) -> Mapping[int, tuple[Standing, Standing]]:
    """What each account knows of an address and of its domain."""
    sender, domain = _keys(address) or ("", "")
    rows = Acquaintance.objects.filter(account_id__in=account_ids, sender__in=[sender, domain]) if sender else []
    known = {(row.account_id, row.sender): Standing(row.spam, row.ham, row.written) for row in rows}
    nobody = Standing()
    return {
        account_id: (known.get((account_id, sender), nobody), known.get((account_id, domain), nobody))
        for account_id in account_ids
    }


def count(account_ids: Collection[int], address: str, *, spam: int = 0, ham: int = 0) -> None:
    """Count messages of an address and its domain more or less for each account, inside the caller's transaction."""
    senders = _keys(address)
    if senders and account_ids and (spam or ham):
        values: dict[str, Any] = {
            "accounts": sorted(set(account_ids)),
            "senders": list(senders),
            "spam": spam,
            "ham": ham,
        }
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, values | {"today": _today()})


def write_to(account_id: int, addresses: Iterable[str]) -> None:
    """Note that an account writes to these addresses, inside the caller's transaction."""
    senders = sorted({keys[0] for address in addresses if (keys := _keys(address))})
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"account": account_id, "senders": senders, "today": _today()})


def forget() -> int:
    """Remove those nobody has heard of for long and never wrote to; how many. In short transactions of their own."""
    removed, before = 0, _today() - REMEMBERED
    old = "SELECT ctid FROM acquaintance WHERE NOT written AND seen_on < %s LIMIT %s"
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM acquaintance WHERE ctid = ANY (ARRAY({old}))", [before, BATCH])  # noqa: S608
            found = int(cursor.rowcount)
        removed += found
        if found < BATCH:
            return removed


def _keys(address: str) -> tuple[str, str] | None:
    """The rows of an address and of its domain; None for what is no address."""
    local, at, domain = address.lower().replace("\0", "")[:MAX_ADDRESS].rpartition("@")
    return (f"{local}@{domain}", f"@{domain}") if at and local and domain else None


def _today() -> date:
    return timezone.now().date()
