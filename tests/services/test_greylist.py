from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from mailserver import conf
from mailserver.errors import ConfigurationError, Greylisted
from mailserver.services import greylist

START = 1_800_000_000.0
DELAY = 300


@pytest.fixture(autouse=True)
def on(settings, monkeypatch):
    settings.CORREIO = replace(settings.CORREIO, greylist=timedelta(seconds=DELAY))
    monkeypatch.setattr(greylist, "_redis_away_until", 0.0)


def passes(
    after: float, peer: str = "192.0.2.1", sender: str = "ana@mill.pt", recipient: str = "bob@hamburger.edu"
) -> bool:
    try:
        greylist.check(peer=peer, sender=sender, recipient=recipient, clock=lambda: START + after)
    except Greylisted:
        return False
    return True


def test_the_first_try_has_to_wait_and_a_later_one_passes():
    assert [passes(after) for after in (0, 10, DELAY - 1, DELAY, DELAY + 1)] == [False, False, False, True, True]


def test_another_server_of_the_network_may_try_the_second_time():
    assert not passes(0)
    assert passes(DELAY, peer="192.0.2.200")
    assert not passes(0, peer="2001:db8:1:2::1")
    assert passes(DELAY, peer="2001:db8:1:2:ffff::9")


@pytest.mark.parametrize(
    "other",
    [{"peer": "198.51.100.1"}, {"sender": "eva@mill.pt"}, {"sender": ""}, {"recipient": "charlie@hamburger.edu"}],
)
def test_who_differs_is_a_stranger_again(other):
    assert not passes(0)
    assert not passes(DELAY, **other)


def test_it_minds_no_case():
    assert not passes(0)
    assert passes(DELAY, sender="Ana@MILL.pt", recipient="BOB@hamburger.edu")


def test_it_waits_a_day_for_the_second_try_and_remembers_for_35(settings):
    with redis.Redis.from_url(settings.CORREIO.redis_url) as client:
        assert not passes(0)
        (key,) = client.keys("correio:grey:*")
        assert greylist.SECOND_TRY - 5 <= client.ttl(key) <= greylist.SECOND_TRY
        assert passes(DELAY)
        assert 35 * 86400 - 5 <= client.ttl(key) <= 35 * 86400


def test_it_can_be_off(settings):
    settings.CORREIO = replace(settings.CORREIO, greylist=None)
    assert passes(0)


@pytest.mark.parametrize("url", ["", "unix:///nowhere/redis.sock"])
def test_without_redis_everybody_is_let_in(settings, url):
    settings.CORREIO = replace(settings.CORREIO, redis_url=url)
    assert passes(0)
    assert passes(0)


def test_it_does_not_ask_a_redis_that_is_away_for_every_message(settings, monkeypatch, caplog):
    settings.CORREIO = replace(settings.CORREIO, redis_url="unix:///nowhere/redis.sock")
    for _ in range(5):
        assert passes(0)
    assert caplog.text.count("nobody is greylisted") == 1


@pytest.mark.parametrize(
    ("text", "delay"), [("off", None), ("on", timedelta(minutes=5)), ("2m", timedelta(minutes=2)), ("0s", timedelta())]
)
def test_the_setting_says_how_long(text, delay):
    assert conf.greylist(text) == delay


def test_the_setting_must_be_readable():
    with pytest.raises(ConfigurationError):
        conf.greylist("soon")
