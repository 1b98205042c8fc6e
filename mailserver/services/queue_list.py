"""The queue as administrators look through it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from mailserver.mail import charset
from mailserver.store.models import QueueRecipient

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
COUNTED = ("waiting", "deferred", "held", "delivering")
PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of recipients, the most urgent (or the latest finished) first; `more` when others follow."""

    rows: list[QueueRecipient]
    more: bool


def page(group: str, *, text: str = "", offset: int = 0) -> Listing:
    """Recipients of a group; `text` is a part of an address, a domain, a reference or a Message-ID."""
    rows = QueueRecipient.objects.filter(state__in=GROUPS[group]).select_related("entry")
    if text := charset.storable(text).strip().strip("<>"):
        rows = _matching(rows, text)
    order = ("-finished_at", "-id") if group in ("returned", "done") else ("next_attempt_at", "id")
    found = list(rows.order_by(*order)[offset : offset + PAGE + 1])
    return Listing(found[:PAGE], len(found) > PAGE)


def counts() -> dict[str, int]:
    """How many recipients each open group has."""
    rows = QueueRecipient.objects.filter(state__in=GROUPS["waiting"]).values_list("state").annotate(n=Count("pk"))
    by_state = dict(rows.order_by())
    return {group: sum(by_state.get(state, 0) for state in GROUPS[group]) for group in COUNTED}


def _matching(rows: QuerySet[QueueRecipient], text: str) -> QuerySet[QueueRecipient]:
    return rows.filter(
        Q(address__icontains=text)
        | Q(entry__sender__icontains=text)
        | Q(entry__reference=text.upper())
        | Q(entry__message_id=text)
    )
