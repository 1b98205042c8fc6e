"""Waking workers: after the commit, by the broker, and never at the cost of the write."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone

from mailserver.services import queue_bell


@pytest.fixture
def sent(monkeypatch):
    tasks = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **options: tasks.append((name, *args, options)))
    return tasks


def domains(sent) -> list[str]:
    return [domain for _, together, _ in sent for domain in together]


@pytest.mark.django_db(transaction=True)
def test_it_rings_once_for_each_domain_after_the_commit(sent):
    with transaction.atomic():
        queue_bell.wake(["hamburger.edu", "crepes.fr", "hamburger.edu"])
        assert sent == []
    assert domains(sent) == ["hamburger.edu", "crepes.fr"]
    assert len(sent) == 1


@pytest.mark.django_db(transaction=True)
def test_many_destinations_share_a_few_bells(sent):
    names = [f"d{number}.test" for number in range(2 * queue_bell.TOGETHER + 1)]
    queue_bell.wake(names)
    assert domains(sent) == names
    assert len(sent) == 3


@pytest.mark.django_db(transaction=True)
def test_it_does_not_ring_for_what_was_rolled_back(sent):
    with transaction.atomic():
        queue_bell.wake(["hamburger.edu"])
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_it_rings_at_a_time_that_is_near_and_leaves_later_ones_to_the_sweep(sent):
    queue_bell.wake(["hamburger.edu"], at=timezone.now() + timedelta(seconds=10))
    queue_bell.wake(["crepes.fr"], at=timezone.now() + timedelta(hours=1))
    ((_, _, options),) = sent
    assert domains(sent) == ["hamburger.edu"]
    assert 9 < options["countdown"] <= 10


@pytest.mark.django_db(transaction=True)
def test_it_logs_a_redis_that_is_away_and_goes_on(sent, settings, caplog):
    settings.CORREIO = replace(settings.CORREIO, redis_url="unix:///nowhere/redis.sock")
    with caplog.at_level(logging.WARNING):
        queue_bell.wake(["hamburger.edu"])
    assert sent == []
    assert "sweep will find it" in caplog.text
