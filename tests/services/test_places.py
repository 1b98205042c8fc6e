from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from mailserver.services import places


@pytest.fixture(autouse=True)
def fresh(settings):
    redis.Redis.from_url(settings.CORREIO.redis_url).delete("correio:sessions:7")


def test_an_account_has_so_many_places():
    assert [places.enter(7, name, 2) for name in ("a", "b", "c")] == [True, True, False]
    places.leave(7, "a")
    assert places.enter(7, "c", 2)
    assert places.enter(8, "x", 1)
    places.leave(8, "x")


def test_places_that_nobody_renews_are_free_again(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(places.time, "time", lambda: now[0])
    assert places.enter(7, "a", 2)
    assert places.enter(7, "b", 2)
    now[0] += places.RENEWED_EVERY
    places.renew({"a": 7})
    now[0] += places.LEASE - places.RENEWED_EVERY + 1
    assert places.enter(7, "c", 2)
    assert not places.enter(7, "d", 2)


def test_without_redis_nobody_is_turned_away(settings):
    settings.CORREIO = replace(settings.CORREIO, redis_url="redis://127.0.0.1:1/0")
    assert places.enter(7, "a", 0)
    places.renew({"a": 7})
    places.leave(7, "a")
