"""How much dead destinations delay the living: `python -m ops.measure_out dead [COUNT]`.

Starts a complete instance in a temp folder. COUNT destinations (1,000) get one message each, in turns: the living half
alone, then all. The dead half are of three kinds: nobody listens, the connection is taken and nothing is said, and no
answer to the connection at all. Everything on loopback: each destination has an address of its own, found by DNS, and
the timeouts are those of RFC 5321. Told are the seconds from the release of the held messages to the last one taken,
and the CPU seconds (user and system) of worker and PostgreSQL meanwhile. The bells that rang while the messages were
queued are answered before.

Three pairs of runs, each with new destinations; between them the dead hang up, and what they got waits for an hour.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

import psycopg

from mailserver.practice.dns_server import DnsServer
from ops.measure import ROOT, RUNS, cpu, manage, sink
from tests.support.instance import Instance
from tests.support.ports import free_ports

LIVE, REFUSING, SILENT, UNREACHABLE = range(4)
PATIENCE = 400
SERVERS = ("worker", "postgres")

QUEUE = """
from django.db import transaction
from mailserver.services import queue_control
from mailserver.services.submission import SubmittedRecipient, submit
from mailserver.store.models import Account, QueueRecipient
from ops.measure import message
account = Account.objects.get(address="alice@crepes.fr")
with transaction.atomic():
    for domain in {domains}:
        raw = message(0).replace(b"bob@load.test", b"alice@crepes.fr", 1)
        submit(account_id=account.pk, sender=account.address, recipients=[SubmittedRecipient("x@" + domain)], raw=raw)
    queued = QueueRecipient.objects.filter(state="queued").values_list("id", flat=True)
    queue_control.hold(list(queued), by="measure")
"""

RELEASE = """
import time
from mailserver.services import queue_control
from mailserver.store.models import QueueRecipient
held = list(QueueRecipient.objects.filter(state="held").values_list("id", flat=True))
began = time.time()
queue_control.release(held, by="measure")
print("began", began)
"""


def main() -> None:
    if sys.argv[1:2] != ["dead"]:
        raise SystemExit(__doc__)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    (port,) = free_ports(1)
    with DnsServer(zone(count)) as dns:
        told = {
            "CORREIO_DEMO": "0",
            "CORREIO_DNS_SERVER": f"127.0.0.1:{dns.address[1]}",
            "CORREIO_REMOTE_SMTP_PORT": str(port),
            "CORREIO_ALLOW_PRIVATE_HOPS": "1",
            "CORREIO_RETRY_SCHEDULE": "1h",
        }
        with Instance(told) as one:
            manage(one, "add_domain", "crepes.fr")
            manage(one, "create_account", "alice@crepes.fr", "--password-stdin")
            compare(one, count, port)


def compare(one: Instance, count: int, port: int) -> None:
    alone, among = [], []
    for pair in range(RUNS):
        for kinds, figures in (((LIVE,), alone), ((LIVE, REFUSING, SILENT, UNREACHABLE), among)):
            seconds, worked = asyncio.run(served(one, count, port, run=2 * pair + (figures is among), kinds=kinds))
            figures.append(seconds)
            work = ", ".join(f"{name} {worked[name]:.1f}" for name in SERVERS)
            who = "with the dead" if len(kinds) > 1 else "alone"
            print(f"    {who:<14} {seconds:6.2f} s (CPU: {work})", flush=True)
            settled(one)
    say("alone", alone)
    say(f"with {count // 2} dead", among)
    ratios = [slow / quick for slow, quick in zip(among, alone, strict=True)]
    print(f"times as long: {median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")


def used(one: Instance) -> dict[str, float]:
    """CPU seconds of `SERVERS` so far."""
    while True:
        try:
            return {name: cpu(one.processes[name]) for name in SERVERS}
        except (FileNotFoundError, ProcessLookupError):
            continue  # one of PostgreSQL's processes ended meanwhile; its time is counted with its parent's


def say(what: str, seconds: list[float]) -> None:
    print(f"{what}: {median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f})")


def kind(number: int) -> int:
    """Every second one lives; the dead are of three kinds in turn."""
    return number // 2 % 3 + 1 if number % 2 else LIVE


def address(number: int) -> str:
    return f"127.26.{number // 250}.{number % 250 + 1}"


def domain(number: int, run: int) -> str:
    return f"d{number:04}.run{run}.test"


def zone(count: int) -> dict[str, list[str]]:
    """All runs: a destination has one mail server, which serves the same number of each run."""
    names = {
        domain(number, run): [f"MX 10 mx.d{number:04}.test."] for number in range(count) for run in range(2 * RUNS)
    }
    return {**names, **{f"mx.d{number:04}.test": [f"A {address(number)}"] for number in range(count)}}


async def served(
    one: Instance, count: int, port: int, run: int, kinds: tuple[int, ...]
) -> tuple[float, dict[str, float]]:
    """Seconds from the release to the last message that a living destination took; the CPU seconds used meanwhile."""
    domains = [domain(number, run) for number in range(count) if kind(number) in kinds]
    await asyncio.to_thread(manage, one, "shell", "-c", QUEUE.format(domains=domains))
    await idle(one)
    times: list[float] = []
    done = asyncio.Event()
    living = [address(number) for number in range(count) if kind(number) == LIVE]

    def note() -> None:
        times.append(time.time())
        if len(times) == len(living):
            done.set()

    with ExitStack() as dead:
        for number in range(count):
            if kind(number) in (SILENT, UNREACHABLE):
                dead.enter_context(listening(number, port))
        async with await asyncio.start_server(sink(note), living, port, backlog=100):
            before = used(one)
            began = await asyncio.to_thread(release, one)
            await asyncio.wait_for(done.wait(), PATIENCE)
            after = used(one)
            await asyncio.sleep(2)  # the last conversations say QUIT
    return times[-1] - began, {name: after[name] - before[name] for name in SERVERS}


async def idle(one: Instance) -> None:
    """Until the worker has had nothing to do for a second."""
    end, flat, last = time.monotonic() + PATIENCE, 0, used(one)["worker"]
    while flat < 2:
        if time.monotonic() > end:
            raise RuntimeError("the worker does not come to rest")
        await asyncio.sleep(0.5)
        now = used(one)["worker"]
        flat, last = flat + 1 if now - last < 0.05 else 0, now


@contextmanager
def listening(number: int, port: int) -> Iterator[None]:
    """Nobody accepts. Calls of the silent the kernel takes; those of the unreachable it drops, for a full queue."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address(number), port))
        listener.listen(100 if kind(number) == SILENT else 0)
        for _ in range(2 if kind(number) == UNREACHABLE else 0):
            caller = opened.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex((address(number), port))
        yield


def release(one: Instance) -> float:
    """When it began."""
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", RELEASE]
    done = subprocess.run(command, env=one.environ, text=True, check=True, capture_output=True, cwd=ROOT)
    return float(done.stdout.rpartition("began ")[2])


def settled(one: Instance) -> None:
    """Wait until nothing is under way, so that a run does not carry the dead of the one before."""
    end = time.monotonic() + PATIENCE
    with psycopg.connect(one.database_url, autocommit=True) as database:
        while busy(database) and time.monotonic() < end:
            time.sleep(0.5)
        if busy(database):
            raise RuntimeError("the dead have not hung up")


def busy(database: psycopg.Connection[Any]) -> int:
    query = "SELECT count(*) FROM queuerecipient WHERE state IN ('queued', 'delivering')"
    (found,) = database.execute(query).fetchone() or (0,)
    return int(found)


if __name__ == "__main__":
    main()
