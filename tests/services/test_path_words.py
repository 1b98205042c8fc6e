"""Times, names and lists as the path page says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailserver.services import path_words as words

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=1.84), "1.84 seconds"),
        (timedelta(seconds=-1), "0.00 seconds"),
        (timedelta(seconds=30.37), "30 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=12), "12 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=5), "5 days"),
    ],
)
def test_it_says_how_long(length, text):
    assert words.span(length) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=0.11), "+0.11 s"),
        (timedelta(minutes=26), "26 min later"),
        (timedelta(hours=3), "3 h later"),
        (timedelta(days=2), "2 days later"),
    ],
)
def test_it_says_how_much_later(length, text):
    assert words.since(NOW, NOW + length) == text


def test_it_says_nothing_of_times_it_does_not_know():
    assert words.since(None, NOW) == words.since(NOW, None) == ""


def test_it_names_the_day_only_when_it_is_another():
    assert words.clock(NOW, NOW) == "14:05"
    assert words.clock(NOW + timedelta(days=5), NOW) == "14:05 on Saturday 28 November"


def test_it_ends_on_a_day_or_at_a_time_of_today():
    assert words.until(NOW + timedelta(days=5), NOW) == "Saturday 28 November"
    assert words.until(NOW + timedelta(minutes=10), NOW) == "14:15"


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Bob Hamburger", "Bob"),
        ("", "bob@hamburger.edu"),
        ("  ", "bob@hamburger.edu"),
        ("Dr. Okonkwo", "Dr. Okonkwo"),
        ("Carvalhal, Inês", "Carvalhal"),
    ],
)
def test_it_calls_people_by_their_first_name(name, called):
    assert words.called(name.strip(), "bob@hamburger.edu") == called


def test_it_lists_a_few_and_counts_the_rest():
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
