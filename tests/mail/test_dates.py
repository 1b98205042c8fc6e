from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.dates import parse_date, written_day
from tests.support import corpora


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 12 May 2026 14:05:00 +0200", datetime(2026, 5, 12, 12, 5, tzinfo=UTC)),
        ("12 May 26 14:05 GMT", datetime(2026, 5, 12, 14, 5, tzinfo=UTC)),
        ("Tue, 12 May 2026 14:05:60 -0000 (leap)", datetime(2026, 5, 12, 14, 5, 59, tzinfo=UTC)),
        ("Tue May 12 14:05:00 2026", datetime(2026, 5, 12, 14, 5, tzinfo=UTC)),
        ("Tue May 12 14:05:00 EST 2026", datetime(2026, 5, 12, 19, 5, tzinfo=UTC)),
        ("2026-05-12T14:05:00Z", datetime(2026, 5, 12, 14, 5, tzinfo=UTC)),
        ("2026-05-12 14:05:00.123 +02:00", datetime(2026, 5, 12, 12, 5, tzinfo=UTC)),
        ("12-May-2026 02:05:00 PM", datetime(2026, 5, 12, 14, 5, tzinfo=UTC)),
        ("Tue, 12 May 2026 14:05:00 GMT+0200", datetime(2026, 5, 12, 12, 5, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("Tue, 32 May 2026 14:05:00 +0200", None),
        ("Tue, 12 May 2026 25:05:00 +0200", None),
        ("1 Jan 0001 00:00:00 +1400", None),
        ("31 Dec 9999 23:59:59 -1400", None),
        ("12 May 2026 14:05:00 +9999", datetime(2026, 5, 12, 14, 5, tzinfo=UTC)),
    ],
)
def test_it_reads_a_date(text: str, expected: datetime | None) -> None:
    assert parse_date(text) == expected


@corpora.needed
def test_it_agrees_with_the_date_table() -> None:
    differing = []
    for case in corpora.table("mail-parser-rfc", "tables/date.json"):
        # A line of numbers is no date to us, and an unfolded comment line ends a header.
        if "4 8 15 16 23 42" in case["header"] or "(invalid)" in case["header"]:
            continue
        found, expected = parse_date(case["header"]), _moment(case["expected"])
        if found != expected:
            differing.append((case["header"], found, expected))
    assert differing == []


def _moment(value: dict[str, int] | None) -> datetime | None:
    if value is None:
        return None
    offset = timedelta(hours=value["tz_hour"], minutes=value["tz_minute"])
    zone = timezone(-offset if value["tz_before_gmt"] else offset)
    fields = [value[name] for name in ("year", "month", "day", "hour", "minute", "second")]
    return datetime(*fields, tzinfo=zone)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 23 Nov 2026 23:30:00 -0800", date(2026, 11, 23)),
        ("Tue, 24 Nov 2026 00:30:00 +1300", date(2026, 11, 24)),
        ("23 Nov 2026 10:00", date(2026, 11, 23)),
        ("soon", None),
        ("Mon, 31 Feb 2026 10:00:00 +0000", None),
    ],
)
def test_it_knows_the_day_that_was_written(text: str, expected: date | None) -> None:
    assert written_day(text) == expected


moments = st.integers(0, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(moments)
def test_it_reads_what_the_stdlib_writes(moment: datetime) -> None:
    assert parse_date(format_datetime(moment)) == moment


@given(st.text(max_size=100))
def test_it_never_raises(text: str) -> None:
    parse_date(text)


@given(st.text(alphabet="0123456789 :+-/.,JanTZ", max_size=60))
def test_it_never_raises_on_digits(text: str) -> None:
    found = parse_date(text)
    assert found is None or 1900 <= found.year <= 9000
