"""The list of failing addresses: who bounces again and again is written to no more, until the owner says otherwise.

Only what no patience helps counts: no such mailbox, no such domain, switched off. A full mailbox gets room again, and
a refusal by rules (5.7.x) says nothing about the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.mail.explain import explain
from mailserver.store.models import QueueEntry, QueueRecipient, Suppression

State = QueueRecipient.State

# People do come back: after so long an address is tried again.
KEPT = timedelta(days=180)

_HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_UNSAID = frozenset({"", "5.0.0", "5.1.0", "5.2.0"})
_HARD_KINDS = frozenset({"no_mailbox", "no_domain", "takes_no_mail", "moved", "disabled"})


def is_hard(code: int | None, enhanced: str, text: str) -> bool:
    """Whether a final refusal says that the address itself is of no use."""
    if enhanced in _HARD:
        return True
    return enhanced in _UNSAID and explain(code, enhanced, text, final=True).kind in _HARD_KINDS


def learn(entry: QueueEntry, rows: Sequence[QueueRecipient], *, at: datetime) -> None:
    """Count the hard refusals of a try, and forget what a success disproves; part of the recording transaction."""
    if entry.account_id is None:
        return
    for row in sorted(rows, key=lambda row: row.address):
        if row.state == State.BOUNCED and is_hard(row.reply_code, row.reply_enhanced, row.reply_text):
            said = " ".join(filter(None, (str(row.reply_code or ""), row.reply_enhanced, row.reply_text)))
            count(entry, row.address, status=row.reply_enhanced, reason=said, at=at)
    proven = [row.address.lower() for row in rows if row.state == State.DELIVERED and row.suspect]
    if proven:
        Suppression.objects.filter(account_id=entry.account_id, address__in=proven, returned=False).delete()


@transaction.atomic
def count(entry: QueueEntry, address: str, *, status: str, reason: str, at: datetime, returned: bool = False) -> None:
    """One more message of the account that could not reach the address; the same message counts once."""
    limit = settings.CORREIO.suppress
    if limit is None or entry.account_id is None:
        return
    known, new = Suppression.objects.select_for_update().get_or_create(
        account_id=entry.account_id, address=address.lower(), defaults={"last_at": at}
    )
    if not new and known.last_entry_id == entry.pk:
        return
    fresh = known.last_at >= at - limit.period
    known.failures = known.failures + 1 if fresh else 1
    known.last_entry, known.last_at = entry, at
    known.status, known.reason, known.returned = status[:12], reason[:1000], returned
    if known.failures >= limit.count:
        known.since, known.until = (known.since if fresh else None) or at, at + KEPT
    known.save()


def known(account_id: int, addresses: Iterable[str]) -> dict[str, Suppression]:
    """What is known of these addresses, by address in lower case; those that never failed are left out."""
    wanted = {address.lower() for address in addresses}
    rows = Suppression.objects.filter(account_id=account_id, address__in=wanted)
    return {row.address: row for row in rows}


def active(account_id: int, addresses: Iterable[str] | None = None) -> QuerySet[Suppression]:
    """The addresses that the account writes to no more, the latest first; of all, or of `addresses`."""
    rows = Suppression.objects.filter(_in_force(timezone.now()), account_id=account_id)
    if addresses is not None:
        rows = rows.filter(address__in={address.lower() for address in addresses})
    return rows.order_by("-since", "-id")


def everywhere(text: str = "") -> QuerySet[Suppression]:
    """The same of all accounts, for administrators; `text` is a part of the address or of the account's."""
    rows = Suppression.objects.filter(_in_force(timezone.now())).select_related("account").order_by("-since", "-id")
    return rows.filter(Q(address__icontains=text) | Q(account__address__icontains=text)) if text else rows


def is_active(row: Suppression, now: datetime) -> bool:
    return row.since is not None and (row.until is None or row.until > now)


def remove(account_id: int, suppression_id: int) -> str:
    """Take an address off the account's list; the address. Raises NotFound."""
    return _remove(Suppression.objects.filter(account_id=account_id, pk=suppression_id))


def remove_for_anybody(suppression_id: int) -> str:
    """The same for administrators, on any list."""
    return _remove(Suppression.objects.filter(pk=suppression_id))


def _remove(found: QuerySet[Suppression]) -> str:
    row = found.first()
    if row is None:
        raise NotFound("This address is not on the list any more.")
    row.delete()
    return row.address


def forgive(account_id: int, addresses: Iterable[str]) -> None:
    """Write to these addresses again: the owner knows what is said of them and sends anyway."""
    active(account_id, addresses).delete()


def forget(now: datetime) -> int:
    """Remove what came back too long ago to count; how many."""
    return Suppression.objects.filter(last_at__lt=now - KEPT).delete()[0]


def _in_force(now: datetime) -> Q:
    return Q(since__isnull=False) & (Q(until=None) | Q(until__gt=now))
