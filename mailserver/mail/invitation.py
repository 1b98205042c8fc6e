"""The facts of an invitation, as a card above the message shows them (RFC 5545, 5546)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import Calendar

from mailserver.mail import charset
from mailserver.mail.addresslists import HeaderAddress

MAX_ICS = 256 * 1024
_MAX_TEXT = 500
_OLDEST, _NEWEST = 1900, 9000
_MAX_ATTENDEES = 200


@dataclass(frozen=True, slots=True)
class Invitation:
    """One appointment. Moments are in UTC; a floating time (no zone) counts as UTC.

    With `all_day`, `start` and `end` are midnights and `end` is the first day after it. `method` is what the
    sender asks for: REQUEST, CANCEL, REPLY, PUBLISH; it may be empty.
    """

    summary: str
    start: datetime
    end: datetime | None
    all_day: bool
    location: str
    organizer: HeaderAddress | None
    method: str
    uid: str
    attendees: tuple[HeaderAddress, ...]
    repeats: bool


def parse(data: bytes | str) -> Invitation | None:
    """The first appointment in iCalendar octets, None when there is none that can be read. Never raises."""
    text = charset.decode(data[:MAX_ICS], "utf-8") if isinstance(data, bytes) else charset.storable(data[:MAX_ICS])
    try:
        calendar = Calendar.from_ical(text)
        event = next(iter(calendar.walk("VEVENT")), None)
        return _facts(calendar, event) if event is not None else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError):
        # icalendar reports broken files by whatever error comes first; the file is still there to download
        return None


def _facts(calendar: Any, event: Any) -> Invitation | None:
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date):
        return None
    end = getattr(event.get("DTEND"), "dt", None)
    length = getattr(event.get("DURATION"), "dt", None)
    if end is None and isinstance(length, timedelta):
        end = start + length
    attendees = event.get("ATTENDEE") or []
    attendees = attendees if isinstance(attendees, list) else [attendees]
    people = [_person(item) for item in attendees[:_MAX_ATTENDEES]]
    return Invitation(
        summary=_text(event.get("SUMMARY")),
        start=_moment(start),
        end=_moment(end) if isinstance(end, date) else None,
        all_day=not isinstance(start, datetime),
        location=_text(event.get("LOCATION")),
        organizer=_person(event.get("ORGANIZER")),
        method=_text(calendar.get("METHOD")).upper()[:20],
        uid=_text(event.get("UID")),
        attendees=tuple(person for person in people if person),
        repeats=event.get("RRULE") is not None,
    )


def _moment(value: date) -> datetime:
    """Raises ValueError for years that no reader's time zone or calendar could show."""
    if not _OLDEST <= value.year <= _NEWEST:
        raise ValueError(f"an appointment in the year {value.year}")
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _person(value: Any) -> HeaderAddress | None:
    """`ORGANIZER;CN=Alice:mailto:alice@crepes.fr`."""
    address = _text(value)
    if address[:7].lower() == "mailto:":
        address = address[7:]
    if "@" not in address:
        return None
    return HeaderAddress(_text(getattr(value, "params", {}).get("CN"))[:200], address[:320])


def _text(value: Any) -> str:
    """One line of at most 500 characters; '' for what is not there."""
    if value is None:
        return ""
    first = value[0] if isinstance(value, list) and value else value
    return " ".join(charset.storable(str(first)).split())[:_MAX_TEXT]
