"""Figures of one instance on this machine, over loopback: `python -m ops.measure [start] [in] [out]`.

Starts a complete instance in a temp folder on free ports and prints medians of three runs. Every loop is bounded.
CPU is user and system time of the SMTP server and of PostgreSQL, all their processes; the load generator is left out.

  start   seconds from `manage.py up` to READY, empty folder and again
  in      messages per second taken by the MX (250 = committed in the mailbox), 4 KB, 20 kept connections, and one
  out     messages per second from the queue to one remote server, from the tenth part to the last
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.support.instance import ROOT, Instance

PASSWORD = "buckwheat and cider"
RUNS = 3
SERVERS = ("smtp", "postgres")
BODY = ("I can bring the buckwheat flour and two cast-iron pans.\r\n" * 70).encode()


def main() -> None:
    wanted = sys.argv[1:] or ["start", "in", "out"]
    if "start" in wanted:
        start()
    if "in" in wanted or "out" in wanted:
        with Instance({"CORREIO_DEMO": "0", "CORREIO_ROUTES": "sink.test=127.0.0.1:52999"}) as one:
            manage(one, "add_domain", "crepes.fr")
            manage(one, "create_account", "alice@crepes.fr", "--password-stdin")
            if "in" in wanted:
                for connections, count in ((20, 1500), (1, 300)):
                    runs = [taken(one, connections, count) for _ in range(RUNS)]
                    what = f"in: 4 KB, {connections} kept connections, {count} messages"
                    say(what, [run.rate for run in runs])
                    for name in SERVERS:
                        figures = [run.cpu[name] * 1000 / count for run in runs]
                        print(f"    cpu of {name}: {median(figures):.2f} ms ({min(figures):.2f}-{max(figures):.2f})")
            if "out" in wanted:
                rates = [asyncio.run(outbound(one, 500)) for _ in range(RUNS)]
                say("out: 4 KB, 500 queued messages to one server", rates)


def start() -> None:
    first, again = [], []
    for _ in range(RUNS):
        one = Instance({"CORREIO_DEMO": "1"})
        try:
            for figures in (first, again):
                began = time.monotonic()
                one.start()
                figures.append(time.monotonic() - began)
                one.stop()
        finally:
            one.remove()
    print(f"start: first {median(first):.1f} s (with demo data), again {median(again):.1f} s")


def manage(one: Instance, *arguments: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    subprocess.run(
        command, env=one.environ, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True, cwd=ROOT
    )


@dataclass(frozen=True)
class Run:
    """Messages per second, and the CPU seconds each of `SERVERS` took for all of them."""

    rate: float
    cpu: dict[str, float]


def taken(one: Instance, connections: int, count: int) -> Run:
    before = {name: cpu(one.processes[name]) for name in SERVERS}
    rate = asyncio.run(inbound(one, connections, count))
    return Run(rate, {name: cpu(one.processes[name]) - before[name] for name in SERVERS})


def cpu(pid: int) -> float:
    """CPU seconds of a process, of its descendants, and of those that have ended; none of one that ends just now."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        children = (folder / "task" / str(pid) / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu(int(child)) for child in children)


def say(what: str, rates: list[float]) -> None:
    print(f"{what}: {median(rates):.0f}/s ({min(rates):.0f}-{max(rates):.0f})", flush=True)


async def inbound(one: Instance, connections: int, count: int) -> float:
    """Messages per second into one mailbox."""
    host, port = one.ready["mx"].rsplit(":", 1)
    return await load(host, int(port), connections, count, "alice@crepes.fr", hello="EHLO load.test")


async def load(host: str, port: int, connections: int, count: int, recipient: str, hello: str) -> float:
    numbers = iter(range(count))

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        await expect(reader, b"220")
        await command(reader, writer, hello, b"250")
        for number in numbers:
            await command(reader, writer, "MAIL FROM:<bob@load.test>", b"250")
            await command(reader, writer, f"RCPT TO:<{recipient}>", b"250")
            await command(reader, writer, "DATA", b"354")
            writer.write(message(number) + b".\r\n")
            await expect(reader, b"250")
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(connections)))
    return count / (time.monotonic() - began)


def message(number: int) -> bytes:
    head = (
        f"From: Bob <bob@load.test>\r\nTo: alice@crepes.fr\r\nSubject: Message {number}\r\n"
        f"Message-ID: <{time.time_ns()}.{number}@load.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n"
    )
    return head.encode() + BODY


async def command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, answer: bytes) -> None:
    writer.write(line.encode() + b"\r\n")
    await expect(reader, answer)


async def expect(reader: asyncio.StreamReader, answer: bytes) -> None:
    while True:
        line = await asyncio.wait_for(reader.readline(), 60)
        if not line.startswith(answer):
            raise RuntimeError(f"expected {answer!r}, got {line!r}")
        if line[3:4] == b" ":
            return


async def outbound(one: Instance, count: int) -> float:
    """Queue messages on hold, release them: messages per second from the tenth part to the last."""
    await asyncio.to_thread(queue, one, count)
    times: list[float] = []
    done = asyncio.Event()

    def note() -> None:
        times.append(time.monotonic())
        if len(times) == count:
            done.set()

    server = await asyncio.start_server(sink(note), "127.0.0.1", 52999)
    await asyncio.to_thread(manage, one, "shell", "-c", RELEASE)
    async with server:
        await asyncio.wait_for(done.wait(), 180)
        await asyncio.sleep(2)  # the last conversations say QUIT
    return (count - count // 10) / (times[-1] - times[count // 10])


RELEASE = """
from mailserver.services import queue_control
from mailserver.store.models import QueueRecipient
held = QueueRecipient.objects.filter(state="held").values_list("id", flat=True)
queue_control.release(list(held), by="measure")
"""

QUEUE = """
from django.db import transaction
from mailserver.services import queue_control
from mailserver.services.submission import SubmittedRecipient, submit
from mailserver.store.models import Account, QueueRecipient
from ops.measure import message
account = Account.objects.get(address="alice@crepes.fr")
with transaction.atomic():
    for number in range({count}):
        raw = message(number).replace(b"bob@load.test", b"alice@crepes.fr", 1)
        submit(account_id=account.pk, sender=account.address, recipients=[SubmittedRecipient("x@sink.test")], raw=raw)
    queued = QueueRecipient.objects.filter(state="queued").values_list("id", flat=True)
    queue_control.hold(list(queued), by="measure")
"""


def queue(one: Instance, count: int) -> None:
    manage(one, "shell", "-c", QUEUE.format(count=count))


def sink(note: Callable[[], None]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A remote server that takes everything, with PIPELINING."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink.test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink.test\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                note()
                writer.write(b"250 2.0.0 ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                writer.close()
                return
            else:
                writer.write(b"250 ok\r\n")

    return serve


if __name__ == "__main__":
    main()
