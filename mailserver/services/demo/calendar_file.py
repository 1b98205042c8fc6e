"""iCalendar objects (RFC 5545) and the mail that carries an invitation (RFC 6047)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from mailserver.mail import compose, mimewriter
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Draft
from mailserver.mail.mimewriter import Entity

_MIME_VERSION = b"MIME-Version: 1.0\r\n"


@dataclass(frozen=True, slots=True)
class Event:
    """An appointment; a length of whole days at midnight makes it all-day."""

    summary: str
    start: datetime
    length: timedelta
    place: str = ""
    organizer: HeaderAddress | None = None
    attendees: Sequence[HeaderAddress] = ()

    @property
    def all_day(self) -> bool:
        return self.length % timedelta(days=1) == timedelta(0)


def published(event: Event) -> bytes:
    """An .ics file of the event, to be put into one's calendar."""
    return _object("PUBLISH", event)


def invitation(draft: Draft, event: Event) -> bytes:
    """The draft as an invitation: its text, and a REQUEST as the richer alternative, as calendars send it."""
    header, _, _ = compose.build(draft).partition(_MIME_VERSION)
    calendar = Entity(
        "text/calendar",
        {"charset": "utf-8", "method": "REQUEST"},
        "8bit",
        body=_object("REQUEST", event),
    )
    content = Entity("multipart/alternative", parts=[mimewriter.text("plain", draft.text), calendar])
    return header + _MIME_VERSION + mimewriter.write(content, seed=draft.message_id)


def _object(method: str, event: Event) -> bytes:
    lines = ["BEGIN:VCALENDAR", "PRODID:-//Correio//Demo//EN", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT"]
    lines += [f"UID:{_uid(event)}", f"DTSTAMP:{_moment(event.start - timedelta(days=6))}"]
    if event.all_day:
        end = event.start + event.length
        lines += [f"DTSTART;VALUE=DATE:{event.start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}"]
    else:
        lines += [f"DTSTART:{_moment(event.start)}", f"DTEND:{_moment(event.start + event.length)}"]
    lines.append(f"SUMMARY:{_text(event.summary)}")
    if event.place:
        lines.append(f"LOCATION:{_text(event.place)}")
    if event.organizer:
        lines.append(f'ORGANIZER;CN="{event.organizer.name}":mailto:{event.organizer.address}')
    lines += [
        f'ATTENDEE;CN="{person.name}";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{person.address}'
        for person in event.attendees
    ]
    lines += ["SEQUENCE:0", "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR"]
    return b"".join(_folded(line) for line in lines)


def _uid(event: Event) -> str:
    seed = f"{event.summary} {event.start.isoformat()}"
    return f"{blake2b(seed.encode(), digest_size=10).hexdigest()}@crepes.fr"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """RFC 5545 §3.3.11."""
    for mark in ("\\", ";", ","):
        value = value.replace(mark, "\\" + mark)
    return value.replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """RFC 5545 §3.1: at most 75 octets, never inside a character."""
    out, width = b"", 0
    for char in line:
        octets = char.encode()
        if width + len(octets) > 75:
            out, width = out + b"\r\n ", 1
        out, width = out + octets, width + len(octets)
    return out + b"\r\n"
