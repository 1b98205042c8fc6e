"""Processes killed with -9, Redis emptied: every acknowledged message arrives, none twice into a mailbox.

hamburger.edu is hosted here with the SMTP transport and a route to our own MX, so each message to Bob crosses the
queue, a worker and a real connection. example.org is a scripted server.
"""

from __future__ import annotations

import os
import signal
import smtplib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from mailserver.practice.scripted import HANG, ScriptedServer
from tests.support.instance import Instance
from tests.support.mail import message
from tests.support.page_client import PageClient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PASSWORD = "buckwheat and cider"
ALICE, BOB, DORA = "alice@crepes.fr", "bob@hamburger.edu", "dora@example.org"
MANY = 30

ARRIVED = """
SELECT m.message_id FROM mailboxmessage e JOIN message m ON m.id = e.message_id
JOIN account a ON a.id = e.account_id WHERE a.address = %s
"""
OPEN = "SELECT count(*) FROM queuerecipient WHERE state IN ('queued', 'delivering', 'deferred')"


class System:
    """A running instance with Alice and Bob; `outside` is the server of example.org."""

    def __init__(self, instance: Instance, outside: ScriptedServer) -> None:
        self.instance = instance
        self.outside = outside

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.instance.database_url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def submit(self, *message_ids: str, to: str = BOB) -> Iterator[str]:
        """Hand messages to submission over one connection; yields each id when it is acknowledged."""
        host, _, port = self.instance.ready["submission"].rpartition(":")
        trust = ssl.create_default_context(cafile=self.instance.data_dir / "tls" / "certificate.pem")
        trust.check_hostname = False
        with smtplib.SMTP(host, int(port), timeout=30) as client:
            client.starttls(context=trust)
            client.login(ALICE, PASSWORD)
            for message_id in message_ids:
                raw = message(sender=f"Alice <{ALICE}>", to=to, message_id=message_id)
                client.sendmail(ALICE, [to], raw)
                yield message_id

    def arrived(self) -> Counter[object]:
        return Counter(message_id for (message_id,) in self.sql(ARRIVED, BOB))

    def restart(self) -> None:
        (self.instance.data_dir / "ready.json").unlink(missing_ok=True)
        self.instance.start()
        # They would end by themselves in less than a minute; the test does not wait for it.
        self.sql("UPDATE queuerecipient SET lease_until = now() - interval '1 s' WHERE state = 'delivering'")

    def wait_until_sent(self) -> None:
        wait(lambda: self.sql(OPEN) == [(0,)], lambda: f"{self.sql(OPEN)} open:\n{self.instance.log('worker')[-3000:]}")


def wait(done: Callable[[], bool], complaint: Callable[[], str] = str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, complaint()
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet collected has no command line."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""


def ids(prefix: str) -> list[str]:
    return [f"{prefix}{number}@crepes.fr" for number in range(MANY)]


@pytest.fixture(scope="module")
def system():
    instance = Instance({"CORREIO_DEMO": "0", "CORREIO_RETRY_SCHEDULE": "1s", "CORREIO_CONNECTION_LIMITS": "off"})
    # The first message is taken and never acknowledged, the next ones are.
    with ScriptedServer(replies={"END": [HANG, "250 2.0.0 Queued as 7F3A91"]}) as outside:
        routes = {"hamburger.edu": instance.environ["CORREIO_MX_PORT"], "example.org": outside.port}
        instance.environ["CORREIO_ROUTES"] = ",".join(f"{name}=127.0.0.1:{port}" for name, port in routes.items())
        with instance:
            PageClient.welcomed(instance.ready["web"], ALICE, PASSWORD, name="Alice")
            for arguments, given in (
                (["add_domain", "hamburger.edu", "--transport", "smtp"], ""),
                (["create_account", BOB, "--name", "Bob", "--password-stdin"], f"{PASSWORD}\n"),
            ):
                made = instance.manage(*arguments, given=given)
                assert made.returncode == 0, made.stderr
            yield System(instance, outside)


def test_it_loses_nothing_when_redis_is_emptied_with_a_full_queue(system):
    worker = system.instance.processes["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        # The worker's last question to Redis is still open and takes the first task; this one is not for Bob.
        assert list(system.submit("first@crepes.fr", to=ALICE))
        acknowledged = list(system.submit(*ids("flushed")))
        broker = redis.Redis.from_url(system.instance.redis_url)
        assert broker.llen("celery") >= 1
        broker.flushall()
        broker.close()
    finally:
        os.kill(worker, signal.SIGCONT)
    system.wait_until_sent()
    assert system.arrived() == Counter(acknowledged)


def test_it_loses_nothing_when_a_worker_is_killed_in_the_middle(system):
    before = system.arrived()
    assert list(system.submit("hanging@crepes.fr", to=DORA)) == ["hanging@crepes.fr"]
    wait(lambda: bool(system.outside.messages))
    acknowledged = list(system.submit(*ids("worker")))
    os.kill(system.instance.processes["worker"], signal.SIGKILL)
    assert system.instance.process.wait(60) == 1
    assert "worker was killed by SIGKILL. Its last lines:" in system.instance.output
    assert not system.instance.survivors()

    system.restart()
    system.wait_until_sent()
    assert system.arrived() - before == Counter(acknowledged)
    first, *again = system.outside.messages
    assert again == [first]  # never confirmed, so sent again: the same octets, by which the receiver knows them
    ((attempts,),) = system.sql("SELECT r.attempts FROM queuerecipient r WHERE r.address = %s", DORA)
    assert attempts == 2


def test_it_loses_nothing_when_the_supervisor_is_killed(system):
    before = system.arrived()
    acknowledged: list[str] = []
    plenty = [f"supervisor{number}@crepes.fr" for number in range(10_000)]

    def keep_submitting() -> None:
        try:
            acknowledged.extend(system.submit(*plenty))
        except (OSError, smtplib.SMTPException):
            return  # the server is gone, as it should be

    sender = threading.Thread(target=keep_submitting)
    sender.start()
    wait(lambda: len(system.arrived()) >= len(before) + 10)
    system.instance.kill()
    assert not any(map(alive, system.instance.processes.values()))
    sender.join()
    assert 10 <= len(acknowledged) < len(plenty)

    system.restart()
    system.wait_until_sent()
    arrived = system.arrived() - before
    assert set(arrived.values()) == {1}
    assert set(acknowledged) <= set(arrived)
