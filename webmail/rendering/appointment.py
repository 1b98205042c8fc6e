"""The card of an invitation: when, where, who, in the reader's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from mailserver.mail import bodies, invitation
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.names import visible
from mailserver.mail.structure import Part
from mailserver.services import messages
from mailserver.store.models import Message
from webmail.rendering.people import Person, joined, person

_WORDS = {"CANCEL": "This appointment is cancelled", "REPLY": "An answer to an invitation"}


@dataclass(frozen=True, slots=True)
class Appointment:
    """`month`, `day` and `weekday` stand on the calendar leaf."""

    title: str
    note: str
    month: str
    day: int
    weekday: str
    when: str
    where: str
    who: str


def of(message: Message, root: Part) -> Appointment | None:
    """The first appointment a message brings."""
    part = bodies.invitation(root)
    if part is None:
        return None
    found = invitation.parse(messages.part(message, part.section)[1])
    if found is None:
        return None
    start = found.start if found.all_day else timezone.localtime(found.start)
    return Appointment(
        title=visible(found.summary) or "Appointment",
        note=_WORDS.get(found.method.upper(), ""),
        month=f"{start:%b}",
        day=start.day,
        weekday=f"{start:%a}",
        when=_when(start, found) + (", and again regularly" if found.repeats else ""),
        where=visible(found.location),
        who=_who(found.organizer, found.attendees),
    )


def _when(start: datetime, found: invitation.Invitation) -> str:
    day = _day(start)
    if found.all_day:
        last = found.end - timedelta(days=1) if found.end else start
        return f"{day}, all day" if last.date() <= start.date() else f"{day} to {_day(last)}"
    if found.end is None:
        return f"{day}, {start:%H:%M}"
    end = timezone.localtime(found.end)
    return f"{day}, {start:%H:%M} to {'' if end.date() == start.date() else _day(end) + ', '}{end:%H:%M}"


def _day(at: datetime) -> str:
    year = "" if at.year == timezone.localdate().year else f" {at.year}"
    return f"{at:%A} {at.day} {at:%B}{year}"


def _who(organizer: HeaderAddress | None, attendees: tuple[HeaderAddress, ...]) -> str:
    invited = joined([_person(who) for who in attendees if organizer is None or who.address != organizer.address])
    host = _person(organizer).name if organizer else ""
    if host and invited:
        return f"{host} invites {invited}"
    return f"From {host}" if host else invited


def _person(who: HeaderAddress) -> Person:
    return person(who.name, who.address)
