"""Whom an account knows: addresses and domains it has written to, kept mail of, or called spam."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from mailserver.mail.addresslists import MAX_ADDRESS
from mailserver.mail.spam.evidence import Standing
from mailserver.store.exchange import Asked, Exchange, Later, array

# (account, address) → what is known of it and of its domain.
Standings = Mapping[tuple[int, str], tuple[Standing, Standing]]

# A stranger who has not written for so long is a stranger again.
REMEMBERED = timedelta(days=400)
BATCH = 5000

# Everybody locks an account's rows in this order, code point by code point as Python sorts: none waits for another in a
# circle.
_COUNT = """
INSERT INTO acquaintance AS a (account_id, sender, spam, ham, written, seen_on)
VALUES (%(account)s, %(sender)s, greatest(0, %(spam)s), greatest(0, %(ham)s), false, %(today)s)
ON CONFLICT (account_id, sender) DO UPDATE
SET spam = greatest(0, a.spam + %(spam)s), ham = greatest(0, a.ham + %(ham)s), seen_on = %(today)s
"""

# None falls below nothing here, so that what is added need not be known apart from what a new row begins with.
_KEEP = """
INSERT INTO acquaintance AS a (account_id, sender, spam, ham, written, seen_on)
SELECT account_id, sender, 0, count(*), false, $1::date
FROM unnest($2::bigint[], $3::text[]) AS n(account_id, sender)
GROUP BY account_id, sender ORDER BY account_id, sender COLLATE "C"
ON CONFLICT (account_id, sender) DO UPDATE SET ham = a.ham + excluded.ham, seen_on = excluded.seen_on
"""

_FIND = """
SELECT a.account_id, a.sender, a.spam, a.ham, a.written
FROM unnest($1::bigint[], $2::text[]) AS n(account_id, sender) JOIN acquaintance a USING (account_id, sender)
"""

_WRITE = """
INSERT INTO acquaintance AS a (account_id, sender, spam, ham, written, seen_on)
SELECT %(account)s, sender, 0, 0, true, %(today)s FROM unnest(%(senders)s::text[]) AS sender ORDER BY sender COLLATE "C"
ON CONFLICT (account_id, sender) DO UPDATE SET written = true, seen_on = %(today)s WHERE NOT a.written
"""


def standings(exchange: Exchange, wanted: Collection[tuple[int, str]]) -> Later[Standings]:
    """Ask what accounts know of an address and of its domain, for each (account, address)."""
    # What is no address has no row, and "" neither.
    keys = {(account_id, address): _keys(address) or ("", "") for account_id, address in wanted}
    asked = {(account_id, key) for (account_id, _), both in keys.items() for key in both if key}
    accounts, senders = zip(*asked, strict=True) if asked else ((), ())
    found = exchange.add(_FIND, [array(accounts), array(senders)]) if asked else Asked()
    nobody = Standing()

    def answer() -> Standings:
        known = {(account_id, key): Standing(*counts) for account_id, key, *counts in found.rows}
        return {
            (account_id, address): (known.get((account_id, sender), nobody), known.get((account_id, domain), nobody))
            for (account_id, address), (sender, domain) in keys.items()
        }

    return answer


def keep(exchange: Exchange, kept: Iterable[tuple[int, str]]) -> None:
    """Have a message that was kept counted for each (account, address), in one statement."""
    rows = [(account_id, key) for account_id, address in kept for key in _keys(address) or ()]
    if rows:
        accounts, senders = zip(*rows, strict=True)
        exchange.add(_KEEP, [_today().isoformat(), array(accounts), array(senders)])


def count(account_id: int, changes: Iterable[tuple[str, int, int]]) -> None:
    """Count messages of senders more or less, inside the caller's transaction. `changes`: (address, spam, ham)."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for address, spam, ham in changes:
        for key in _keys(address) or ():
            totals[key][0] += spam
            totals[key][1] += ham
    today = _today()
    with connection.cursor() as cursor:
        for sender, (spam, ham) in sorted(totals.items()):
            if spam or ham:
                values: dict[str, Any] = {"account": account_id, "sender": sender, "spam": spam, "ham": ham}
                cursor.execute(_COUNT, values | {"today": today})


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
