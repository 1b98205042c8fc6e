"""One act on many recipients: those that were ticked, or all that match. Batch by batch, and noted who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mailserver.services import audit, queue_control
from mailserver.services.queue_list import Filter
from mailserver.store.models import QueueRecipient

State = QueueRecipient.State

BATCH = 500
# Of one click, so that a page never works for minutes; the next click goes on.
MOST = 5_000

ACTS: dict[str, Callable[..., list[int]]] = {
    "retry": queue_control.retry_now,
    "hold": queue_control.hold,
    "release": queue_control.release,
    "cancel": queue_control.cancel,
}
# What each act can change, so that the next click finds what the last one left.
BEFORE: dict[str, tuple[State, ...]] = {
    "retry": (State.DEFERRED,),
    "hold": (State.QUEUED, State.DEFERRED),
    "release": (State.HELD,),
    "cancel": (State.QUEUED, State.DEFERRED, State.HELD),
}


@dataclass(frozen=True, slots=True)
class Done:
    """How many were looked at and changed; `more` when others match."""

    seen: int
    changed: int
    more: bool = False


def some(act: str, recipient_ids: Sequence[int], *, by: str, report: bool = False) -> Done:
    """Act on these recipients."""
    ids = sorted(set(recipient_ids))[:MOST]
    changed = sum(_act(act, ids[start : start + BATCH], by, report) for start in range(0, len(ids), BATCH))
    if changed:
        addresses = QueueRecipient.objects.filter(pk__in=ids[:3]).order_by("id").values_list("address", flat=True)
        others = f" and {len(ids) - 3:,} others" if len(ids) > 3 else ""
        audit.record(by, act, f"{', '.join(addresses)}{others}", changed=changed, report=report)
    return Done(len(ids), changed)


def everything(act: str, wanted: Filter, *, by: str, report: bool = False) -> Done:
    """Act on all that match, up to `MOST`."""
    seen = changed = 0
    for ids in _batches(act, wanted):
        if seen >= MOST:
            return _noted(act, wanted, Done(seen, changed, more=True), by, report)
        seen += len(ids)
        changed += _act(act, ids, by, report)
    return _noted(act, wanted, Done(seen, changed), by, report)


def count(act: str, wanted: Filter) -> int:
    """How many `everything` would look at, at most one more than `MOST`."""
    return wanted.rows().filter(state__in=BEFORE[act])[: MOST + 1].count()


def _batches(act: str, wanted: Filter) -> Iterator[list[int]]:
    last = 0
    rows = wanted.rows().filter(state__in=BEFORE[act]).order_by("id")
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _act(act: str, ids: Sequence[int], by: str, report: bool) -> int:
    options = {"report": report} if act == "cancel" else {}
    return len(ACTS[act](ids, by=by, **options))


def _noted(act: str, wanted: Filter, done: Done, by: str, report: bool) -> Done:
    if done.changed:
        names = ("text", "domain", "account", "sender")
        parts = [f"{name} {value}" for name in names if (value := getattr(wanted, name))]
        audit.record(by, act, ", ".join([f"all {wanted.group}", *parts]), changed=done.changed, report=report)
    return done
