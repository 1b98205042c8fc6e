from __future__ import annotations

import logging
from dataclasses import replace

import redis

from mailserver.store import bell
from tests.support import services


def test_it_rings_for_all_accounts_at_once():
    with redis.Redis.from_url(services.redis_url()) as client, client.pubsub() as listener:
        listener.subscribe(bell.channel(1), bell.channel(2))
        assert all(listener.get_message(timeout=5) for _ in range(2))  # of being subscribed
        bell.ring_all({1: {5: 9, 6: 2}, 2: {}})
        heard = [listener.get_message(timeout=5) for _ in range(2)]
    assert [(one["channel"], one["data"]) for one in heard] == [
        (b"correio:bell:1", b'{"5": 9, "6": 2}'),
        (b"correio:bell:2", b"{}"),
    ]


def test_a_redis_that_is_away_is_told_once_and_harms_nothing(settings, caplog, tmp_path):
    settings.CORREIO = replace(settings.CORREIO, redis_url=f"unix://{tmp_path}/no.sock")
    with caplog.at_level(logging.WARNING):
        bell.ring_all({1: {5: 9}, 2: {6: 1}})
    (line,) = caplog.records
    assert line.getMessage().startswith("bell of accounts 1, 2 not rung: ")


def test_it_rings_again_after_redis_has_dropped_its_connection():
    with redis.Redis.from_url(services.redis_url()) as client, client.pubsub() as listener:
        bell.ring(1, {5: 1})
        listener.subscribe(bell.channel(1))
        assert listener.get_message(timeout=5)  # of being subscribed
        client.client_kill_filter(_type="normal", skipme=True)
        bell.ring(1, {5: 2})
        heard = listener.get_message(timeout=5)
    assert heard["data"] == b'{"5": 2}'
