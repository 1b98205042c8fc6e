"""Recipients per hour and per day, and what counting costs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from mailserver.errors import HourlyLimit, SendingLimit
from mailserver.services import sendinglimits
from mailserver.store.models import SendingHour
from tests.services.test_submission import submit

pytestmark = pytest.mark.django_db

NOON = datetime.fromisoformat("2026-11-23T12:00:00+00:00")


def people(count: int) -> list[str]:
    return [f"u{number}@outside.example" for number in range(count)]


def count(account, recipients: int, at: datetime, peer: str = "") -> sendinglimits.Usage:
    return sendinglimits.count(account.pk, ["outside.example"] * recipients, peer, at)


@pytest.mark.parametrize(
    ("setting", "own", "error"),
    [
        ("sending_hour", "hourly_limit", HourlyLimit),
        ("sending_day", "daily_limit", SendingLimit),
    ],
)
def test_it_bounds_what_an_account_sends_and_each_account_can_have_its_own(alice, configure, setting, own, error):
    configure(**{setting: 3})
    submit(alice, to=people(2))
    with pytest.raises(error, match="3 recipients"):
        submit(alice, to=people(2))
    submit(alice, to=people(1))
    setattr(alice, own, 5)
    alice.save()
    submit(alice, to=people(2))
    with pytest.raises(error, match="5 recipients"):
        submit(alice, to=people(1))
    setattr(alice, own, 0)
    alice.save()
    submit(alice, to=people(9))


def test_a_refused_message_does_not_count(alice, configure):
    configure(sending_hour=3)
    for _ in range(3):
        with pytest.raises(HourlyLimit):
            submit(alice, to=people(4))
    submit(alice, to=people(3))


def test_the_hour_and_the_day_slide(alice, configure):
    configure(sending_hour=100, sending_day=160)
    assert count(alice, 100, NOON).hour == 100
    with pytest.raises(HourlyLimit):
        count(alice, 1, NOON + timedelta(minutes=59))
    # Half of the hour before counts at half past.
    with pytest.raises(HourlyLimit):
        count(alice, 51, NOON + timedelta(minutes=90))
    assert count(alice, 50, NOON + timedelta(minutes=90)).hour == 100
    with pytest.raises(SendingLimit):
        count(alice, 11, NOON + timedelta(hours=20))
    with pytest.raises(SendingLimit):
        count(alice, 61, NOON + timedelta(hours=24, minutes=30))
    count(alice, 60, NOON + timedelta(hours=24, minutes=30))


def test_it_knows_what_is_usual_and_who_was_written_to(alice):
    count(alice, 40, NOON - timedelta(days=3))
    count(alice, 30, NOON - timedelta(days=31))
    count(alice, 90, NOON - timedelta(hours=5))
    usage = count(alice, 2, NOON, "192.0.2.7")
    assert (usage.hour, usage.usual, usage.domains, usage.networks) == (2, 40, ("outside.example",), 1)
    assert count(alice, 1, NOON, "192.0.2.9").networks == 1
    assert count(alice, 1, NOON, "2001:db8::1").networks == 2
    assert sendinglimits.new_domains(alice.pk, ["outside.example", "new.example"], NOON) == 1


def test_counting_costs_the_same_however_much_was_sent(alice, django_assert_num_queries):
    hours = [NOON - timedelta(hours=number) for number in range(1, 720)]
    SendingHour.objects.bulk_create(SendingHour(account_id=alice.pk, hour=hour, recipients=1) for hour in hours)
    with django_assert_num_queries(3):
        count(alice, 1, NOON)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + sendinglimits._SENT,
            {"account": alice.pk, "hour": NOON, "since": NOON - sendinglimits.MONTH},
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "sendinghour_pkey" in plan


def test_it_forgets_what_nobody_looks_at(alice):
    now = timezone.now()
    count(alice, 1, now)
    count(alice, 1, now - timedelta(days=32))
    assert sendinglimits.forget(now) == 1
    assert SendingHour.objects.get().recipients == 1
