"""The cluster in the data folder: kept between runs, whatever happened to the run before."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from mailserver.errors import ConfigurationError
from mailserver.stack import binaries, places, postgres
from mailserver.stack.identity import Identity
from mailserver.stack.temporary import TemporaryPostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")


@pytest.fixture
def data_dir(tmp_path_factory):
    """A data folder that other users reach, unlike pytest's own."""
    folder = Path("/tmp") / f"correio-{tmp_path_factory.mktemp('pg').name}-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_it_begins_again_after_an_interrupted_initdb(data_dir):
    first = postgres.prepare(data_dir, sync=False)
    first.data.rename(first.data.with_suffix(".new"))
    (first.data.with_suffix(".new") / "PG_VERSION").unlink()
    again = postgres.prepare(data_dir, sync=False)
    assert (again.data / "PG_VERSION").exists()
    assert not again.data.with_suffix(".new").exists()


@pytest.mark.slow
def test_it_names_the_version_that_made_the_data(data_dir):
    cluster = postgres.prepare(data_dir, sync=False)
    (cluster.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigurationError, match=r"made by PostgreSQL 9 .* CORREIO_POSTGRES_BIN"):
        postgres.prepare(data_dir)


def test_it_drops_the_pid_file_of_a_killed_server_whose_number_another_program_has(data_dir):
    cluster = postgres.prepare(data_dir, sync=False)
    left = cluster.data / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{cluster.data}\n")
    postgres.prepare(data_dir)
    assert not left.exists()


def test_it_says_what_initdb_said_when_it_fails(data_dir, monkeypatch):
    broken = data_dir / "bin"
    broken.mkdir()
    for name in ("postgres", "initdb"):
        (broken / name).write_text("#!/bin/sh\n[ $1 = --version ] || { echo 'no space left'; exit 1; }\n")
        (broken / name).chmod(0o755)
    monkeypatch.setenv("CORREIO_POSTGRES_BIN", str(broken))
    with pytest.raises(ConfigurationError, match="no space left"):
        postgres.prepare(data_dir)


def test_it_uses_a_short_folder_for_the_socket_of_a_long_data_folder(data_dir):
    long = data_dir / ("a" * 60) / ("b" * 60)
    with TemporaryPostgres(long) as server:
        assert len(str(places.socket_path(long / "postgres"))) < 86
        psycopg.connect(server.url).close()
        sockets = places.socket_path(long / "postgres")
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


@as_root
def test_it_keeps_the_data_beside_when_the_folder_is_closed_to_its_user(tmp_path):
    tmp_path.chmod(0o700)
    cluster = postgres.prepare(tmp_path, sync=False)
    try:
        assert cluster.data.is_relative_to("/var/lib")
        assert (tmp_path / "postgres").resolve() == cluster.data.parent
        assert tmp_path.stat().st_mode & 0o777 == 0o700
        assert postgres.prepare(tmp_path).data == cluster.data
    finally:
        shutil.rmtree(cluster.data.parents[1])


@pytest.mark.slow
@as_root
def test_it_copies_the_programs_when_their_folder_is_closed_to_its_user(data_dir, tmp_path, monkeypatch):
    package = binaries.postgres().parents[1]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package, closed / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setenv("CORREIO_POSTGRES_BIN", str(closed / package.name / "pginstall" / "bin"))
    with TemporaryPostgres(data_dir / "run") as server, psycopg.connect(server.url) as connection:
        process = connection.info.backend_pid
        assert os.readlink(f"/proc/{process}/exe").startswith(f"{data_dir}/run/postgres/software-")
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_it_runs_as_the_owner_of_data_that_an_ordinary_user_made(data_dir):
    folder = data_dir / "postgres"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    cluster = postgres.prepare(data_dir, sync=False)
    assert cluster.identity.uid == 65534
    assert cluster.data.stat().st_uid == 65534


def test_it_runs_without_a_port_and_as_somebody_else_than_root():
    with TemporaryPostgres() as server, psycopg.connect(server.url) as connection:
        status = Path(f"/proc/{connection.info.backend_pid}/status").read_text()
        assert "Uid:\t0" not in status
        listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
        assert ":1538 " not in listening  # 5432


@pytest.mark.parametrize(("memory", "buffers"), [(2**29, 128), (2**30, 128), (2**31, 256), (2**32, 512), (2**36, 1024)])
def test_it_keeps_an_eighth_of_the_memory_within_bounds(memory, buffers):
    assert postgres.buffers(memory) == buffers


def test_the_server_has_these_buffers(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres.memory, "octets", lambda: 3 * 2**30)
    cluster = postgres.Postgres(tmp_path, tmp_path, tmp_path, Identity())
    assert "shared_buffers=384MB" in cluster.command()
    assert "shared_buffers=1MB" in replace(cluster, options={"shared_buffers": "1MB"}).command()
