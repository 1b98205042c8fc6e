from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import futurerelease
from mailserver.mail.futurerelease import LONGEST, BadRelease, TooFar

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def test_it_reads_an_interval_and_a_moment():
    assert futurerelease.after("90", NOW) == NOW + timedelta(seconds=90)
    for text in ("2026-11-28T14:00:00+01:30", "2026-11-28T12:30:00Z", "2026-11-28t12:30:00.000z"):
        assert futurerelease.until(text, NOW) == NOW + timedelta(minutes=30)
    assert futurerelease.until("2020-02-29T23:59:59Z", NOW) == NOW


@pytest.mark.parametrize("value", [None, "", "0", "-1", "1.5", "010", "1234567890", "٣"])
def test_it_refuses_what_is_no_interval(value):
    with pytest.raises(BadRelease):
        futurerelease.after(value, NOW)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "2026-11-28",
        "2026-11-28T12:30Z",
        "2026-11-28T12:30:00",
        "2026-02-30T12:30:00Z",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_it_refuses_what_is_no_moment(value):
    with pytest.raises(BadRelease):
        futurerelease.until(value, NOW)


def test_it_holds_nothing_longer_than_it_says():
    seconds = LONGEST // timedelta(seconds=1)
    assert futurerelease.keyword(NOW) == f"FUTURERELEASE {seconds} 2027-11-29T12:00:00Z"
    assert futurerelease.after(str(seconds), NOW) == futurerelease.until("2027-11-29T12:00:00Z", NOW) == NOW + LONGEST
    with pytest.raises(TooFar):
        futurerelease.after(str(seconds + 1), NOW)
    with pytest.raises(TooFar):
        futurerelease.until("2027-11-29T12:00:01Z", NOW)


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text):
    for read in (futurerelease.after, futurerelease.until):
        try:
            assert NOW <= read(text, NOW) <= NOW + LONGEST
        except (BadRelease, TooFar):
            continue
