"""Throwaway servers: they answer at the address known beforehand and leave nothing."""

from __future__ import annotations

import os

import psycopg
import pytest
import redis

from mailserver.errors import ConfigurationError
from mailserver.stack import temporary


def test_it_runs_a_postgres_at_the_address_known_beforehand(tmp_path):
    folder = tmp_path / "pg"
    with temporary.TemporaryPostgres() as server:
        assert server.url == temporary.postgres_url(server.folder)
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT lower('ÉÇÃ')").fetchone() == ("éçã",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        folder = server.folder
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


def test_it_runs_a_redis_at_the_address_known_beforehand():
    with temporary.TemporaryRedis() as server:
        assert server.url == temporary.redis_url(server.folder)
        client = redis.Redis.from_url(server.url)
        client.set("a", "b")
        assert client.get("a") == b"b"
        client.close()
    assert not server.folder.exists()


def test_it_shows_the_last_output_of_a_server_that_does_not_start(tmp_path, monkeypatch):
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\necho 'out of luck'\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("CORREIO_REDIS_BIN", os.fspath(program))
    with pytest.raises(ConfigurationError, match="out of luck"):
        temporary.TemporaryRedis().start()
