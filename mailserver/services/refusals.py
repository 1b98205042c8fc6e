"""Mail that was turned away at the door, kept for whoever asks "why did my message not arrive?"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from mailserver.mail.charset import storable
from mailserver.store.models import Event

KEPT = timedelta(days=14)
PAGE = 100


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused MAIL, RCPT or message, as the client was answered.

    `door`: mx or submission; `login`: the address that had signed in, "" for other servers; `recipient`: "" when MAIL
    was refused, the first one when the content was.
    """

    at: datetime
    door: str
    peer: str
    helo: str
    tls: str
    login: str
    sender: str
    recipient: str
    reply: str


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Event]
    more: bool


def record(batch: Sequence[Refusal]) -> None:
    """Add one event each. What a client said is cut to the width of the columns and freed of what cannot be kept."""
    Event.objects.bulk_create(
        Event(
            kind=Event.Kind.REFUSED,
            at=one.at,
            recipient=_said(one.recipient)[:320],
            detail={
                "door": one.door,
                "peer": one.peer,
                "helo": _said(one.helo),
                "tls": one.tls,
                "login": one.login,
                "sender": _said(one.sender),
                "reply": one.reply,
            },
        )
        for one in batch
    )


def latest(*, text: str = "", offset: int = 0, limit: int = PAGE) -> Page:
    """The newest first; with `text` those to, from or by whom it is: an address, a part of one, or an IP address."""
    rows = Event.objects.filter(kind=Event.Kind.REFUSED)
    if text:
        text = storable(text)
        places = ("recipient", "detail__sender", "detail__peer", "detail__login", "detail__helo")
        wanted = Q()
        for place in places:
            wanted |= Q(**{f"{place}__icontains": text})
        rows = rows.filter(wanted)
    found = list(rows.order_by("-at", "-id")[offset : offset + limit + 1])
    return Page(found[:limit], len(found) > limit)


def forget(before: datetime) -> int:
    """Delete those from before a moment; how many."""
    return Event.objects.filter(kind=Event.Kind.REFUSED, at__lt=before).delete()[0]


def _said(text: str) -> str:
    """RFC 5321 §4.5.3.1.3 allows paths of 256 octets; longer ones are no addresses."""
    return "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in storable(text)[:256])
