"""The queue as administrators look through it: pages by the last row seen, never by how many to skip."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import merge

from django.db.models import Count, Min, Q, QuerySet

from mailserver.mail import charset
from mailserver.store.models import QueueEntry, QueueRecipient

State = QueueRecipient.State

# What the list can be narrowed to. Finished mail is looked at too, but not counted: it is kept for weeks.
GROUPS: dict[str, tuple[str, ...]] = {
    "waiting": (State.QUEUED, State.DELIVERING, State.DEFERRED, State.HELD),
    "deferred": (State.QUEUED, State.DEFERRED),
    "held": (State.HELD,),
    "delivering": (State.DELIVERING,),
    "returned": (State.BOUNCED, State.EXPIRED),
    "done": (State.DELIVERED, State.CANCELLED),
}
# The states of the indexes of due work.
UNDER_WAY = (State.QUEUED, State.DEFERRED, State.DELIVERING)
COUNTED = ("waiting", "deferred", "held", "delivering")
PAGE = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which recipients: a group, and parts that must all match. `text` is a part of an address, a domain, a reference
    or a Message-ID; `domain`, `account` and `sender` are whole.
    """

    group: str = "waiting"
    text: str = ""
    domain: str = ""
    account: str = ""
    sender: str = ""

    def rows(self) -> QuerySet[QueueRecipient]:
        """All that match, in no order."""
        found = QueueRecipient.objects.filter(state__in=GROUPS[self.group])
        if self.domain:
            found = found.filter(domain=charset.storable(self.domain).strip().lower())
        if self.account:
            found = found.filter(entry__account__address__iexact=charset.storable(self.account).strip())
        if self.sender:
            found = found.filter(entry__sender__iexact=charset.storable(self.sender).strip())
        text = charset.storable(self.text).strip().strip("<>")
        return _matching(found, text) if text else found

    @property
    def narrows(self) -> bool:
        return bool(self.text or self.domain or self.account or self.sender)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of recipients, the most urgent (or the latest finished) first; `following` names the next page."""

    rows: list[QueueRecipient] = field(default_factory=list)
    following: str = ""


def page(wanted: Filter, *, after: str = "") -> Listing:
    """Recipients that match. Raises ValueError for an `after` that no page gave."""
    last = _read(after)
    if wanted.group == "waiting":
        # Two indexes in one order: what is on hold has its own.
        under_way = _open(wanted.rows().filter(state__in=UNDER_WAY), last)
        held = _open(replace(wanted, group="held").rows(), last)
        found = list(merge(under_way, held, key=_due))[: PAGE + 1]
    elif wanted.group == "returned":
        found = _returned(wanted.rows(), last)
    elif wanted.group == "done":
        rows = wanted.rows().order_by("-id")
        found = _first(rows.filter(id__lt=last[1]) if last else rows)
    else:
        found = _open(wanted.rows(), last)
    return Listing(found[:PAGE], _name(found[PAGE - 1]) if len(found) > PAGE else "")


def counts() -> dict[str, int]:
    """How many recipients each open group has."""
    rows = QueueRecipient.objects.filter(state__in=GROUPS["waiting"]).values_list("state").annotate(n=Count("pk"))
    by_state = dict(rows.order_by())
    return {group: sum(by_state.get(state, 0) for state in GROUPS[group]) for group in COUNTED}


def oldest() -> datetime | None:
    """Since when the first of what waits does."""
    first = QueueRecipient.objects.filter(state__in=GROUPS["waiting"]).order_by().aggregate(first=Min("entry_id"))
    return QueueEntry.objects.filter(pk=first["first"]).values_list("created_at", flat=True).first()


def _open(rows: QuerySet[QueueRecipient], last: tuple[datetime, int] | None) -> list[QueueRecipient]:
    if last:
        at, number = last
        rows = rows.filter(Q(next_attempt_at__gt=at) | Q(next_attempt_at=at, id__gt=number), next_attempt_at__gte=at)
    return _first(rows.order_by("next_attempt_at", "id"))


def _returned(rows: QuerySet[QueueRecipient], last: tuple[datetime, int] | None) -> list[QueueRecipient]:
    if last:
        at, number = last
        rows = rows.filter(Q(finished_at__lt=at) | Q(finished_at=at, id__lt=number), finished_at__lte=at)
    return _first(rows.filter(finished_at__isnull=False).order_by("-finished_at", "-id"))


def _first(rows: QuerySet[QueueRecipient]) -> list[QueueRecipient]:
    return list(rows.select_related("entry")[: PAGE + 1])


def _due(row: QueueRecipient) -> tuple[datetime, int]:
    return row.next_attempt_at, row.pk


def _name(row: QueueRecipient) -> str:
    at = row.finished_at or row.next_attempt_at
    return f"{(at - _EPOCH) // _MICROSECOND}.{row.pk}"


def _read(after: str) -> tuple[datetime, int] | None:
    if not after:
        return None
    at, _, number = after.partition(".")
    if not (at.isdecimal() and number.isdecimal() and len(at) < 17 and len(number) < 19):
        raise ValueError(f"{after!r} is no page of the queue")
    return _EPOCH + int(at) * _MICROSECOND, int(number)


def _matching(rows: QuerySet[QueueRecipient], text: str) -> QuerySet[QueueRecipient]:
    return rows.filter(
        Q(address__icontains=text)
        | Q(entry__sender__icontains=text)
        | Q(entry__reference=text.upper())
        | Q(entry__message_id=text)
    )
