from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mailserver.services.stats import Hour
from webmail.dashboard.chart import BASE, UP, bars
from webmail.templatetags import humane

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_it_draws_the_busiest_hour_as_high_as_it_goes():
    chart = bars([Hour(NINE, 10, 2), Hour(NINE + timedelta(hours=1), 5, 8)])
    first, second = chart.bars
    assert (first.up, first.top, second.up) == (UP, BASE - 1 - UP, UP / 2)
    assert first.down < second.down
    assert chart.words == "Mail per hour today. Received 15, sent 10."
    assert first.hour == "09:00"


def test_it_draws_a_day_without_mail():
    assert bars([]).bars == []


@pytest.mark.parametrize(
    ("filter_", "value", "words"),
    [
        (humane.grouped, 1083, "1,083"),
        (humane.percent, None, "–"),
        (humane.percent, 1.0, "100 %"),
        (humane.percent, 0.982, "98.2 %"),
        (humane.seconds, None, "–"),
        (humane.seconds, 1.62, "1.6 s"),
        (humane.seconds, 90, "2 min"),
        (humane.seconds, 5400, "1.5 h"),
    ],
)
def test_it_says_figures_in_words(filter_, value, words):
    assert filter_(value) == words


@pytest.mark.parametrize(("minutes", "words"), [(-5, "now"), (0, "now"), (1, "in 1 min"), (12, "in 12 min")])
def test_it_says_when_the_next_try_is(minutes, words):
    assert humane.ahead(timezone.now() + timedelta(minutes=minutes, seconds=5)) == words
