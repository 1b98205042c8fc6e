from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from mailserver.services import crowd
from mailserver.services.crowd import Place


@pytest.fixture(autouse=True)
def fresh(settings, monkeypatch):
    monkeypatch.setattr(crowd, "_away_until", 0.0)
    redis.Redis.from_url(settings.CORREIO.redis_url).delete(place("a").key, place("a", kind="smtp").key)


def place(name: str, *, kind: str = "imap") -> Place:
    return Place(kind, "192.0.2.1", name)


def test_an_address_has_so_many_connections_of_a_kind():
    assert [crowd.enter(place(name), 2) for name in ("a", "b", "c")] == [True, True, False]
    assert crowd.enter(place("c", kind="smtp"), 2)
    crowd.leave([place("a")])
    assert crowd.enter(place("c"), 2)


def test_what_a_killed_process_held_is_free_again(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(crowd.time, "time", lambda: now[0])
    assert crowd.enter(place("killed"), 2)
    assert crowd.enter(place("alive"), 2)
    now[0] += crowd.RENEWED_EVERY
    crowd.renew([place("alive")])
    assert not crowd.enter(place("early"), 2)
    now[0] += crowd.LEASE - crowd.RENEWED_EVERY + 1
    assert crowd.enter(place("a"), 2)
    assert not crowd.enter(place("b"), 2)


def test_renewing_brings_back_what_redis_has_lost(settings):
    redis.Redis.from_url(settings.CORREIO.redis_url).delete(place("a").key)
    crowd.renew([place("a"), place("b")])
    assert not crowd.enter(place("c"), 2)


def test_without_redis_nobody_is_turned_away_and_it_is_asked_once(settings, caplog):
    settings.CORREIO = replace(settings.CORREIO, redis_url="redis://127.0.0.1:1/0")
    assert crowd.enter(place("a"), 0)
    crowd.renew([place("a")])
    crowd.leave([place("a")])
    assert len(caplog.records) == 1
