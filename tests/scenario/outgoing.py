"""Mail on its way out while what carries it is killed: the worker, beat, Redis and PostgreSQL, one after the other.

`python -m tests.scenario.outgoing [KILLS] [SEED]`, 50 kills unless said; `test_outgoing.py` makes six. A program of our
own submits at a steady pace, again after each fault; the server outside takes everything and remembers it. At the end
every message that was acknowledged must be there, at most one of 1,000 twice, and the path of each must tell the truth.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis as redis_client

from mailserver.practice.scripted import ScriptedServer
from mailserver.stack import redis
from tests.support.killable import PATIENCE, Killable, in_a_folder, wait

KINDS = ("worker", "beat", "flush", "redis", "postgres", "backend")
PACE = 60  # messages a second, at most

# Prints the number of each message that was queued; `again` before it when its first COMMIT may have been the one.
SUBMIT = f"""
import sys, time
import django; django.setup()
from django.core.management import call_command
from django.db import Error, close_old_connections, connection
call_command("migrate", verbosity=0)
from mailserver.mail import dates
from mailserver.services import accounts, domains, submission
from mailserver.services.submission import SubmittedRecipient
domains.add_domain("crepes.fr")
account = accounts.create_account(address="alice@crepes.fr", password="buckwheat and cider")
letter = "From: alice@crepes.fr\\r\\nMessage-ID: <{{0}}@crepes.fr>\\r\\n\\r\\nStill on its way?\\r\\n"
print("ready", flush=True)
for number in range(1, 100_000):
    due, tries = time.monotonic() + {1 / PACE}, 0
    while True:
        tries += 1
        try:
            submission.submit(
                account_id=account.pk, sender="alice@crepes.fr", raw=letter.format(f"kill{{number}}").encode(),
                recipients=[SubmittedRecipient(f"dora{{number}}@example.org")],
            )
            break
        except Error:
            connection.close()
            time.sleep(0.05)
    print("again" if tries > 1 else "once", number, flush=True)
    time.sleep(max(0, due - time.monotonic()))
"""

OPEN = "SELECT count(*) FROM queuerecipient WHERE state IN ('queued', 'delivering', 'deferred')"
TRIES = """
SELECT e.message_id, count(*) FROM deliveryattempt a JOIN queueentry e ON e.id = a.entry_id GROUP BY 1
"""
# Each finds what must not be.
FAULTS = {
    "recipients not delivered": "SELECT id FROM queuerecipient WHERE state <> 'delivered'",
    "deliveries without a reply in their path": """
        SELECT r.id FROM queuerecipient r LEFT JOIN deliveryresult d ON d.recipient_id = r.id
        AND d.outcome = 'delivered' AND d.reply_code = 250 WHERE d.id IS NULL""",
    "deliveries without an event": """
        SELECT r.id FROM queuerecipient r LEFT JOIN event v ON v.entry_id = r.entry_id AND v.kind = 'delivered'
        WHERE v.id IS NULL""",
    "entries not finished": "SELECT id FROM queueentry WHERE finished_at IS NULL",
}


@dataclass
class Outcome:
    """`doubled` are messages the other server took twice; `hidden` those of which the path tells fewer tries than the
    server saw."""

    kills: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)


class System(Killable):
    """PostgreSQL, Redis, a worker and beat; `outside` takes the mail for example.org."""

    def __init__(self, folder: Path) -> None:
        self.redis_server = redis.prepare(folder)
        self.outside = ScriptedServer()
        self.outside.__enter__()
        more = {
            "CORREIO_REDIS_URL": self.redis_server.url,
            "CORREIO_ROUTES": f"example.org=127.0.0.1:{self.outside.port}",
            "CORREIO_RETRY_SCHEDULE": "1s",
            "CORREIO_SENDING_ALARM": "off",
            "CORREIO_SENDING_HOUR": "0",
            "CORREIO_SENDING_DAY": "0",
            "CORREIO_HOSTNAME": "mail.crepes.fr",
        }
        super().__init__(folder, more)
        self.redis = self._start_redis()
        self.submitter = Submitter(self)
        self.worker, self.beat = self._start_worker(), self._start_beat()

    def kill(self, what: str, chance: random.Random) -> None:
        match what:
            case "worker":
                self._kill(self.worker)
                self.let_leases_end()
                self.worker = self._start_worker()
            case "beat":
                self._kill(self.beat)
                self.beat = self._start_beat()
            case "flush":
                broker = redis_client.Redis.from_url(self.redis_server.url)
                broker.flushall()
                broker.close()
            case "redis":
                self._kill(self.redis)
                self.redis = self._start_redis()
            case "postgres":
                self.kill_postgres()
            case "backend":
                self.kill_backend(chance)

    def let_leases_end(self) -> None:
        """What a killed worker held is due again in less than a minute; nobody waits for that here."""
        with psycopg.connect(self.cluster.url) as connection:
            connection.execute("UPDATE queuerecipient SET lease_until = now() WHERE state = 'delivering'")

    def open(self) -> int:
        with psycopg.connect(self.cluster.url) as connection:
            return int(connection.execute(OPEN).fetchone()[0])  # type: ignore[index]

    def stop(self) -> None:
        self.submitter.stop()
        for process in (self.worker, self.beat, self.redis):
            self._kill(process)
        self.outside.__exit__(None, None, None)
        super().stop()

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    def _start_redis(self) -> subprocess.Popen[bytes]:
        process = self.start(self.redis_server.command(), on_parent_death=signal.SIGKILL)
        wait(self.redis_server.answers)
        return process

    def _start_worker(self) -> subprocess.Popen[bytes]:
        options = ("worker", "--pool=threads", "--concurrency=8", "--without-mingle", "--without-gossip")
        return self.python("-m", "celery", "-A", "webmail", *options)

    def _start_beat(self) -> subprocess.Popen[bytes]:
        return self.python("-m", "celery", "-A", "webmail", "beat", "--pidfile=")


class Submitter:
    """The program that submits, and what of it was acknowledged; `repeated`: submitted twice, maybe."""

    def __init__(self, system: Killable) -> None:
        self.acknowledged: set[str] = set()
        self.repeated: set[str] = set()
        self._process = system.start([sys.executable, "-c", SUBMIT], stdout=subprocess.PIPE)
        assert self._line() == "ready", "the submitting program did not start"
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)
        self._reader.join()
        self._process.stdout.close()  # type: ignore[union-attr]

    def _line(self) -> str:
        return self._process.stdout.readline().decode().strip()  # type: ignore[union-attr]

    def _read(self) -> None:
        while line := self._line():
            times, _, number = line.partition(" ")
            if times == "again":
                self.repeated.add(f"kill{number}@crepes.fr")
            self.acknowledged.add(f"kill{number}@crepes.fr")


def play(kills: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Kill and count. `seed` chooses what is killed and after how many messages; each kind has its turn."""
    chance, outcome = random.Random(seed), Outcome()
    with in_a_folder(System) as system:
        known = system.submitter.acknowledged
        for number in range(1, kills + 1):
            enough = len(known) + chance.randint(20, 120)
            wait(lambda enough=enough: len(known) >= enough)  # type: ignore[misc]
            what = KINDS[number - 1] if number <= len(KINDS) else chance.choice(KINDS)
            system.kill(what, chance)
            outcome.kills.append(what)
            say(f"kill {number:3}  {what:<8}  {len(known):6} queued  {len(system.outside.messages):6} outside")
        enough = len(known) + 50
        wait(lambda: len(known) >= enough)
        system.submitter.stop()
        began = time.monotonic()
        wait(lambda: system.open() == 0, seconds=3 * PATIENCE)
        say(f"all gone {time.monotonic() - began:.1f} s after the last one")
        outcome.acknowledged = set(known)
        _look(system, outcome)
    return outcome


def _look(system: System, outcome: Outcome) -> None:
    taken = Counter(_message_id(raw) for raw in system.outside.messages)
    with psycopg.connect(system.cluster.url) as connection:
        tries = dict(connection.execute(TRIES).fetchall())
        for what, query in FAULTS.items():
            if found := len(connection.execute(query).fetchall()):
                outcome.faults[what] = found
    outcome.lost = outcome.acknowledged - set(taken)
    outcome.doubled = {name for name, count in taken.items() if count > 1} - system.submitter.repeated
    outcome.hidden = {name for name, count in taken.items() if count > tries.get(name, 0)}


def _message_id(raw: bytes) -> str:
    found = re.search(rb"(?im)^Message-ID: <(kill\d+@crepes\.fr)>", raw)
    assert found, raw
    return found[1].decode()


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    outcome = play(kills, int(sys.argv[2]) if len(sys.argv) > 2 else 1, lambda line: print(line, flush=True))
    print(f"{len(outcome.acknowledged)} queued, {len(outcome.lost)} lost, {len(outcome.doubled)} twice")
    print(f"{len(outcome.hidden)} with a path that hides a try")
    print("\n".join(f"{count} {what}" for what, count in outcome.faults.items()) or "no fault in the tables")
    often = len(outcome.doubled) * 1000 > max(1000, len(outcome.acknowledged))
    sys.exit(bool(outcome.lost or outcome.hidden or outcome.faults or often))


if __name__ == "__main__":
    main()
