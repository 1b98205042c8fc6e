"""Mail under load while processes are killed with -9: smtp ones, PostgreSQL's, one after the other at random.

`python -m tests.scenario.crashes [KILLS] [SEED]`, 100 kills unless said; `test_crashes.py` makes ten. The senders do
what mail servers do: what was not acknowledged is sent again. At the end every acknowledged message must be in both
mailboxes exactly once, whole, under numbers without gaps.
"""

from __future__ import annotations

import itertools
import os
import queue
import random
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.support.instance import ROOT
from tests.support.killable import PATIENCE, Killable, children, in_a_folder, wait
from tests.support.ports import free_ports

PEOPLE = ("alice@crepes.fr", "bob@hamburger.edu")
SENDERS = 4

LETTER = (
    "From: Carol <carol@example.org>\r\nTo: Alice <alice@crepes.fr>\r\nSubject: {0}\r\nMessage-ID: <{0}>\r\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nStill standing?\r\n"
)
PREPARE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from mailserver.services import accounts, domains
for address in ("alice@crepes.fr", "bob@hamburger.edu"):
    domains.add_domain(address.partition("@")[2])
    accounts.create_account(address=address, password="buckwheat and cider")
"""

ARRIVED = """
SELECT a.address, m.message_id, count(*) FROM mailboxmessage e
JOIN message m ON m.id = e.message_id JOIN account a ON a.id = e.account_id GROUP BY 1, 2
"""
# Each finds what must not be.
FAULTS = {
    "gaps or doubles in the numbers": """
        SELECT b.id FROM mailbox b LEFT JOIN mailboxmessage e ON e.mailbox_id = b.id GROUP BY b.id
        HAVING count(e.uid) <> b.uidnext - 1 OR coalesce(max(e.uid), 0) <> b.uidnext - 1""",
    "wrong counters": """
        SELECT b.id FROM mailbox b LEFT JOIN mailboxmessage e ON e.mailbox_id = b.id
        LEFT JOIN message m ON m.id = e.message_id GROUP BY b.id
        HAVING count(e.uid) <> b.total OR count(e.uid) <> b.unseen OR coalesce(sum(m.size), 0) <> b.size""",
    "torn bodies": "SELECT id FROM blob WHERE length(raw) <> size OR sha256(raw) <> digest",
    "messages nobody has": """
        SELECT m.id FROM message m LEFT JOIN mailboxmessage e ON e.message_id = m.id WHERE e.uid IS NULL""",
    "bodies nobody has": """
        SELECT b.id FROM blob b LEFT JOIN message m ON m.blob_id = b.id WHERE m.id IS NULL""",
    "conversations that count wrong": """
        SELECT t.mailbox_id FROM threadbox t
        JOIN mailboxmessage e ON e.mailbox_id = t.mailbox_id AND e.thread_id = t.thread_id
        GROUP BY t.mailbox_id, t.thread_id, t.total HAVING count(*) <> t.total""",
    "mail without an event": """
        SELECT e.message_id FROM mailboxmessage e LEFT JOIN event v ON v.message_id = e.message_id AND v.kind = 'stored'
        WHERE v.id IS NULL""",
}


@dataclass
class Outcome:
    kills: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)


class System(Killable):
    """A cluster that keeps its promises (fsync and all) and `runsmtp` with two processes on it, in one folder."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        more = {"CORREIO_MX_PORT": str(self.port), "CORREIO_CONNECTION_LIMITS": "off", "CORREIO_TLS_CERT": ""}
        super().__init__(folder, more)
        self.python("-c", PREPARE).wait()
        self.smtp = self._start_smtp()

    def kill(self, what: str, chance: random.Random) -> None:
        """Kill one process of a kind and bring the system back: smtp, postgres, or a backend of postgres."""
        if what == "smtp":
            os.kill(chance.choice([self.smtp.pid, *children(self.smtp)]), signal.SIGKILL)
            self.smtp.wait(PATIENCE)
            self.smtp = self._start_smtp()
        elif what == "postgres":
            self.kill_postgres()
        else:
            self.kill_backend(chance)

    def stop(self) -> None:
        self.end(self.smtp)
        super().stop()

    def _start_smtp(self) -> subprocess.Popen[bytes]:
        process = self.python(str(ROOT / "manage.py"), "runsmtp", "--processes", "2")
        wait(lambda: _greets(self.port))
        return process


class Senders:
    """Threads that send to both people until they are stopped, each message until it is acknowledged."""

    def __init__(self, port: int) -> None:
        self.acknowledged: set[str] = set()
        self._port = port
        self._again: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._fresh = itertools.count(1)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=10) as client:
                    while not self._stopping.is_set():
                        self._send(client)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)  # killed, or its database is

    def _send(self, client: smtplib.SMTP) -> None:
        try:
            message_id = self._again.get_nowait()
        except queue.Empty:
            message_id = f"crash{next(self._fresh)}@crepes.fr"
        try:
            # One of the two may have been refused for now (the database was away at that moment).
            refused = client.sendmail("carol@example.org", PEOPLE, LETTER.format(message_id))
            if refused:
                raise smtplib.SMTPRecipientsRefused(refused)
        except BaseException:
            self._again.put(message_id)
            raise
        self.acknowledged.add(message_id)


def play(kills: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Kill and count. `seed` chooses what is killed and after how many messages."""
    chance, outcome = random.Random(seed), Outcome()
    with in_a_folder(System) as system:
        senders = Senders(system.port)
        try:
            for number in range(1, kills + 1):
                enough = len(senders.acknowledged) + chance.randint(5, 60)
                wait(lambda enough=enough: len(senders.acknowledged) >= enough)  # type: ignore[misc]
                what = chance.choice(["smtp", "postgres", "backend"])
                system.kill(what, chance)
                outcome.kills.append(what)
                say(f"kill {number:3}  {what:<8}  {len(senders.acknowledged):6} acknowledged")
            enough = len(senders.acknowledged) + 20
            wait(lambda: len(senders.acknowledged) >= enough)
        finally:
            senders.stop()
        outcome.acknowledged = senders.acknowledged
        _look(system.cluster.url, outcome)
    return outcome


def _look(url: str, outcome: Outcome) -> None:
    with psycopg.connect(url) as connection:
        arrived = {(address, name): count for address, name, count in connection.execute(ARRIVED)}
        for what, query in FAULTS.items():
            if found := len(connection.execute(query).fetchall()):
                outcome.faults[what] = found
    outcome.lost = {name for name in outcome.acknowledged if any((person, name) not in arrived for person in PEOPLE)}
    outcome.doubled = {name for (_, name), count in arrived.items() if count > 1}


def _greets(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            return client.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    outcome = play(kills, int(sys.argv[2]) if len(sys.argv) > 2 else 1, lambda line: print(line, flush=True))
    print(f"{len(outcome.acknowledged)} acknowledged, {len(outcome.lost)} lost, {len(outcome.doubled)} twice")
    print("\n".join(f"{count} {what}" for what, count in outcome.faults.items()) or "no fault in the tables")
    sys.exit(bool(outcome.lost or outcome.doubled or outcome.faults))


if __name__ == "__main__":
    main()
