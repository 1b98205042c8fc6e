from __future__ import annotations

import socket

import pytest
import redis

from mailserver.services.redis_client import redis_client


def test_silence_is_an_error_at_the_first_try():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = redis_client(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with pytest.raises(redis.TimeoutError):
            client.ping()
        silent.settimeout(1)
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
        client.close()
        redis_client.cache_clear()


def test_the_threads_of_a_process_share_one():
    assert redis_client("redis://127.0.0.1:1/0") is redis_client("redis://127.0.0.1:1/0")
    redis_client.cache_clear()
