from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from mailserver.conf import Limit
from mailserver.errors import AuthenticationFailed, TooManyAttempts
from mailserver.services import login, throttle
from tests.support.people import PASSWORD

HOME, CAFE, OFFICE = "192.0.2.1", "198.51.100.7", "203.0.113.9"


@pytest.fixture(params=["redis", "process", "redis away"])
def limited(request, settings, monkeypatch):
    """Three failures in ten minutes, counted in each of the places."""
    url = {"redis": settings.CORREIO.redis_url, "process": "", "redis away": "unix:///nowhere/redis.sock"}[
        request.param
    ]
    settings.CORREIO = replace(settings.CORREIO, login_limits=Limit(3, timedelta(minutes=10)), redis_url=url)
    monkeypatch.setattr(throttle, "_own", throttle.ProcessCounters())
    monkeypatch.setattr(throttle, "_redis_away_until", 0.0)
    monkeypatch.setattr(throttle, "_PREFIX", f"correio:test:{time.time_ns()}:")
    return request.param


def guess(address: str = "alice@crepes.fr", peer: str = HOME, times: int = 3) -> None:
    for _ in range(times):
        throttle.check(address, peer)
        throttle.failed(address, peer)


def refused(address: str = "alice@crepes.fr", peer: str = HOME) -> bool:
    try:
        throttle.check(address, peer)
    except TooManyAttempts:
        return True
    return False


def test_it_lets_people_try(limited):
    guess(times=2)
    assert not refused()


def test_it_shuts_an_account_for_everybody_who_is_not_known(limited):
    guess()
    assert refused()
    assert refused("ALICE@crepes.fr ", CAFE)


def test_it_shuts_out_a_network_that_tries_many_accounts(limited):
    for number in range(3):
        guess(f"user{number}@crepes.fr", times=1)
    assert refused("other@crepes.fr", "192.0.2.77")
    assert not refused("other@crepes.fr", CAFE)


def test_strangers_cannot_shut_out_the_owner(limited):
    throttle.succeeded("alice@crepes.fr", HOME)
    guess(peer=CAFE)
    assert refused(peer=OFFICE)
    assert not refused(peer=HOME)


def test_a_known_network_can_guess_no_more_often(limited):
    throttle.succeeded("alice@crepes.fr", HOME)
    guess()
    assert refused()
    assert not refused(peer=CAFE)


def test_success_forgets_the_failures_of_a_known_network(limited):
    throttle.succeeded("alice@crepes.fr", HOME)
    guess(times=2)
    throttle.succeeded("alice@crepes.fr", HOME)
    guess(times=2)
    assert not refused()


def test_it_can_be_turned_off(limited, settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=None)
    guess(times=20)
    assert not refused()


def test_the_process_forgets_after_a_while():
    now = [1000.0]
    counters = throttle.ProcessCounters(lambda: now[0])
    counters.fail("a", 3, 600)
    counters.fail("a", 3, 600)
    now[0] += 601
    counters.fail("a", 3, 600)
    assert not counters.any(["lock:a"])
    counters.fail("a", 3, 600)
    counters.fail("a", 3, 600)
    assert counters.any(["lock:a"])
    now[0] += throttle.LOCKED + 1
    assert not counters.any(["lock:a"])


def test_redis_forgets_after_a_while(settings):
    client = redis.Redis.from_url(settings.CORREIO.redis_url)
    counters = throttle.RedisCounters(client)
    key = f"t{time.time_ns()}"
    counters.fail(key, 3, 600)
    counters.fail(key, 3, 600)
    assert 595 <= client.ttl(f"correio:login:fails:{key}") <= 600
    counters.fail(key, 3, 600)
    assert throttle.LOCKED - 5 <= client.ttl(f"correio:login:lock:{key}") <= throttle.LOCKED
    assert not client.exists(f"correio:login:fails:{key}")
    client.close()


def test_the_process_holds_a_bounded_number_of_keys(monkeypatch):
    monkeypatch.setattr(throttle.ProcessCounters, "MOST_KEYS", 100)
    counters = throttle.ProcessCounters()
    for number in range(1000):
        counters.fail(f"k{number}", 10, 600)
    assert len(counters._values) <= 100


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.1", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_it_names_the_network_of_a_peer(peer, network):
    assert throttle.network(peer) == network


def test_it_guards_the_sign_in(limited, alice):
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            login.authenticate(address="alice@crepes.fr", password="wrong", peer=HOME)
    with pytest.raises(TooManyAttempts):
        login.authenticate(address="alice@crepes.fr", password=PASSWORD, peer=HOME)
