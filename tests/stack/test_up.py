"""`manage.py up` for real: what a person sees, and that nothing stays behind when it ends.

Its worker and itself are killed in `tests/scenario/test_kills.py`, under load.
"""

from __future__ import annotations

import os
import poplib
import pwd
import signal
import smtplib
import ssl
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tests.support.instance import Instance

pytestmark = pytest.mark.slow

EMPTY = {"CORREIO_DEMO": "0"}
# As root the instance runs as somebody else: an ordinary user is who has the fewest rights.
USER = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


@pytest.fixture(scope="module")
def instance():
    with Instance(EMPTY, user=USER, fresh=True) as instance:
        yield instance


@pytest.fixture
def running(instance):
    """The instance of this module, started again on the same data when the test before was its end."""
    if instance.process.poll() is not None:
        instance.start()
    return instance


def host_port(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def test_it_tells_programs_and_people_where_everything_is(running):
    ready = running.ready
    assert {"web", "admin", "mx", "submission", "submissions", "pop3", "pop3s", "accounts"} <= set(ready)
    assert ready["web"] == f"http://127.0.0.1:{running.environ['CORREIO_HTTP_PORT']}"
    assert ready["mx"] == f"127.0.0.1:{running.environ['CORREIO_MX_PORT']}"
    assert (running.data_dir / "ready.json").stat().st_mode & 0o777 == 0o600
    assert "READY in " in running.output
    assert all(
        ready[key] in running.output for key in ("web", "admin", "mx", "submission", "submissions", "pop3", "pop3s")
    )
    assert "first domain and administrator" in running.output


def test_it_answers_on_every_port_it_tells(running):
    with urllib.request.urlopen(f"{running.ready['web']}/healthz", timeout=10) as answer:
        assert answer.status == 200
    for key in ("mx", "submission"):
        with smtplib.SMTP(*host_port(running.ready[key]), timeout=10) as client:
            assert client.noop()[0] == 250
    trusting = ssl.create_default_context(cafile=running.data_dir / "tls" / "certificate.pem")
    where = host_port(running.ready["submissions"])
    with smtplib.SMTP_SSL(*where, timeout=10, context=trusting) as client:
        assert client.noop()[0] == 250
    reader = poplib.POP3(*host_port(running.ready["pop3"]), timeout=10)
    assert reader.stls(trusting).startswith(b"+OK")
    assert reader.quit().startswith(b"+OK")
    reader = poplib.POP3_SSL(*host_port(running.ready["pop3s"]), timeout=10, context=trusting)
    assert reader.quit().startswith(b"+OK")


def test_it_lets_commands_find_the_system_they_run_beside(running):
    assert running.manage("add_domain", "crepes.fr").returncode == 0
    made = running.manage("create_account", "alice@crepes.fr", "--password-stdin", given="maré de Bretagne\n")
    assert made.returncode == 0, made.stderr
    with psycopg.connect(running.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone() == (1,)


def test_it_refuses_a_second_run_on_one_data_folder(running):
    second = running.manage("up")
    assert second.returncode == 1
    assert f"already runs on {running.data_dir} (process {running.process.pid})" in second.stderr


def test_it_names_the_variable_of_a_port_in_use(running):
    ports = {"CORREIO_MX_PORT": running.environ["CORREIO_MX_PORT"]}
    other = Instance({**EMPTY, **ports}, fresh=True)
    try:
        assert other.launch().wait(60) == 1
        assert f"Port {ports['CORREIO_MX_PORT']} is in use" in other.output
        assert "CORREIO_MX_PORT" in other.output
    finally:
        other.remove()


def test_it_runs_with_the_rights_of_who_started_it(running):
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in running.survivors()}
    assert owners == {os.geteuid() if USER is None else USER}


def test_it_runs_on_servers_that_are_given_and_stops_when_one_of_its_own_dies(running):
    given = {
        "CORREIO_DATABASE_URL": running.database_url,
        "CORREIO_REDIS_URL": running.redis_url,
    }
    with Instance({**EMPTY, **given, "CORREIO_WORKERS": "2"}, user=USER, fresh=True) as other:
        assert set(other.processes) == {"smtp", "imap", "pop3", "worker", "worker2", "beat", "web"}
        assert_it_ends_with("smtp", other)
    assert running.process.poll() is None


def test_it_stops_everything_when_asked(running):
    assert running.stop() == 0
    assert not running.survivors()
    assert not (running.data_dir / "ready.json").exists()


def test_it_stops_all_with_the_name_of_a_child_that_died(running):
    assert_it_ends_with("postgres", running)


def assert_it_ends_with(name, instance):
    """Kill a child: the others end too, and the last lines name it."""
    os.kill(instance.processes[name], signal.SIGKILL)
    assert instance.process.wait(60) == 1
    assert f"{name} was killed by SIGKILL. Its last lines:" in instance.output
    assert not instance.survivors()
    assert not (instance.data_dir / "ready.json").exists()


def test_it_stops_while_it_is_still_starting():
    instance = Instance(EMPTY, fresh=True)
    try:
        process = instance.launch()
        while "postgres answers" not in instance.output:
            assert process.poll() is None
        assert instance.stop(signal.SIGTERM) == 0
        assert not instance.survivors()
    finally:
        instance.remove()
