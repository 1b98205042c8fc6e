from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from webmail.rendering import dates

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


@pytest.mark.parametrize(
    ("when", "short", "brief", "long", "group"),
    [
        ("2026-11-25T14:05", "14:05", "14:05", "Today, 14:05", "Today"),
        ("2026-11-24T09:41", "09:41", "Tue", "Yesterday, 09:41", "Yesterday"),
        ("2026-11-23T09:00", "Mon", "Mon", "Mon 23 Nov, 09:00", "This week"),
        ("2026-11-20T09:00", "Fri", "Fri", "Fri 20 Nov, 09:00", "Last week"),
        ("2026-11-02T09:00", "2 Nov", "2 Nov", "Mon 2 Nov, 09:00", "November"),
        ("2025-05-12T09:00", "May 2025", "12 May 2025", "12 May 2025, 09:00", "May 2025"),
        ("2026-11-26T09:00", "09:00", "09:00", "Thu 26 Nov, 09:00", "Today"),
    ],
)
def test_it_says_dates_as_readers_do(when, short, brief, long, group):
    moment = at(when)
    said = (dates.short(moment, NOW), dates.brief(moment, NOW), dates.long(moment, NOW), dates.group(moment, NOW))
    assert said == (short, brief, long, group)


def test_it_says_them_in_the_readers_zone():
    with timezone.override(zoneinfo.ZoneInfo("Asia/Tokyo")):
        assert dates.long(at("2026-11-25T14:05"), NOW) == "Today, 23:05"
        assert dates.exact(at("2026-11-25T14:05")) == "Wednesday 25 November 2026, 23:05:00 JST"
