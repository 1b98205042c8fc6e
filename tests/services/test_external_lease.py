from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.services import external_lease
from mailserver.store.models import ExternalAccount
from tests.services.importing import (
    State,
    added,
)


def test_only_one_worker_has_it_and_a_lost_one_records_nothing(alice):
    row = added(alice, 1)
    first = external_lease.claim(row.pk)
    assert external_lease.claim(row.pk) is None
    ExternalAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = external_lease.claim(row.pk)
    assert second.token != first.token
    with pytest.raises(external_lease.Lost):
        external_lease.give_back(first, finished=True)
    with pytest.raises(external_lease.Lost):
        external_lease.place(first)
    external_lease.give_back(second, finished=True)
    assert ExternalAccount.objects.get(pk=row.pk).state == State.DONE


def test_it_renews_the_lease_while_octets_come(alice, monkeypatch):
    row = added(alice, 1)
    held = external_lease.claim(row.pk)
    keeper = external_lease.Keeper(held)
    ExternalAccount.objects.update(lease_until=timezone.now())
    keeper()
    assert ExternalAccount.objects.get(pk=row.pk).lease_until < timezone.now()
    monkeypatch.setattr(external_lease, "LEASE", timedelta(0))
    keeper()
    ExternalAccount.objects.update(lease_token=None)
    with pytest.raises(external_lease.Lost):
        keeper()


def test_imports_never_take_all_workers(alice, bob, monkeypatch):
    monkeypatch.setattr(external_lease, "MOST_AT_ONCE", 1)
    first, second = added(alice, 1), added(bob, 1)
    held = external_lease.claim(first.pk)
    assert external_lease.claim(second.pk) is None
    external_lease.give_back(held, finished=False)
    assert external_lease.claim(second.pk) is not None


def test_the_clock_rings_for_those_that_wait_longest(alice, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr("mailserver.services.external_bell.send", lambda task, numbers: rung.extend(numbers))
    rows = [added(alice, port) for port in range(1, 7)]
    for place, row in enumerate(rows):
        ExternalAccount.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(minutes=place))
    ExternalAccount.objects.filter(pk=rows[5].pk).update(state=State.PAUSED)
    with django_capture_on_commit_callbacks(execute=True):
        assert external_lease.wake_due() == 3
    assert rung == [row.pk for row in (rows[4], rows[3], rows[2])]
