"""Dates of mail: RFC 5322 §3.3, the obsolete forms of §4.3, and what else is out there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from mailserver.mail.parameters import without_comments

_MONTHS = {
    name: at // 3 + 1 for at in range(0, 36, 3) for name in ["janfebmaraprmayjunjulaugsepoctnovdec"[at : at + 3]]
}
_CLOCK = r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d+)?\s*([AaPp][Mm]\b)?"
_ZONE = r"\s*((?:UTC|GMT)?[+-]\d{2}:?\d{2}|[A-Za-z]{1,5})?"
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})[\s./-]+([A-Za-z]{{3,9}}|\d{{1,2}})\.?[\s./,-]+(\d{{2,4}})[,\s]+{_CLOCK}{_ZONE}"
)
_MONTH_FIRST = re.compile(rf"\b([A-Za-z]{{3,9}})\.?\s+(\d{{1,2}}),?\s+{_CLOCK}\s+(?:([A-Z]{{1,5}})\s+)?(\d{{4}})")
_ISO = re.compile(rf"\b(\d{{4}})-(\d{{2}})-(\d{{2}})[T\s]+{_CLOCK}{_ZONE}")
# RFC 5322 §4.3; other names say nothing certain and count as UTC.
_ZONES = {
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "CET": 1,
    "CEST": 2,
    "BST": 1,
    "JST": 9,
}
_OLDEST, _NEWEST = 1900, 9000
_MAX_TEXT = 1000


def parse_date(text: str) -> datetime | None:
    """The moment in UTC, None when the text holds no date. A date without a zone counts as UTC."""
    local = _local(text)
    return local.astimezone(UTC) if local else None


def written_day(text: str) -> date | None:
    """The day as it is written, whatever the zone; None where `parse_date` finds no date."""
    local = _local(text)
    return local.date() if local else None


def _local(text: str) -> datetime | None:
    text = text[-_MAX_TEXT:]
    if "(" in text:
        text = without_comments(text)
    if found := _DAY_FIRST.search(text):
        day, month, year, *clock, zone = found.groups()
    elif found := _ISO.search(text):
        year, month, day, *clock, zone = found.groups()
    elif found := _MONTH_FIRST.search(text):
        month, day, *clock, zone, year = found.groups()
    else:
        return None
    return _moment(_year(year), _month(month), int(day), clock, zone)


def _moment(year: int, month: int, day: int, clock: list[str | None], zone: str | None) -> datetime | None:
    hour, minute, second = int(clock[0] or 0), int(clock[1] or 0), int(clock[2] or 0)
    if clock[3]:
        hour = hour % 12 + (12 if clock[3].lower() == "pm" else 0)
    try:
        # 60 is a leap second (RFC 5322 §3.3), which datetime does not know.
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(zone))
        year = local.astimezone(UTC).year
    except (ValueError, OverflowError):
        return None
    return local if _OLDEST <= year <= _NEWEST else None


def _month(text: str) -> int:
    """1 to 12; 0, which no date takes, for what is no month."""
    return int(text) if text.isdigit() else _MONTHS.get(text[:3].lower(), 0)


def _year(text: str) -> int:
    """RFC 5322 §4.3: two digits below 50 mean 20xx, other short years count from 1900."""
    year = int(text)
    if len(text) == 2 and year < 50:
        return year + 2000
    return year + 1900 if len(text) < 4 else year


def _zone(text: str | None) -> timezone:
    if not text:
        return UTC
    if text[-1].isdigit():
        digits = text.replace(":", "")
        offset = timedelta(hours=int(digits[-4:-2]), minutes=int(digits[-2:]))
        return timezone(-offset if digits[-5] == "-" else offset) if offset < timedelta(days=1) else UTC
    return timezone(timedelta(hours=_ZONES.get(text.upper(), 0)))
