"""What an APPEND costs: `python -m ops.measure_append [COUNT] [FOLDER]`, 200 unless said.

Messages of 9 KB, each of a conversation of its own, into the Archive of an account: over one connection, over one that
has the Archive selected, over one that sends 20 at once, over 4 connections. FOLDER is another checkout, which is
measured beside this one, in turns. CPU is user and system time of the IMAP server and of PostgreSQL for a message,
medians of three runs; the load generator is left out.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from ops.measure import PASSWORD, RUNS, cpu, manage
from tests.support import instance
from tests.support.instance import ROOT, Instance

SERVERS = ("imap", "postgres")
BODY = ("I can bring the buckwheat flour and two cast-iron pans.\r\n" * 155).encode()
# Connections, APPENDs under way on each, and whether the folder is selected.
LOADS = ((1, 1, False), (1, 1, True), (1, 20, False), (4, 1, False))
Figures = dict[str, float]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    folders = [Path(folder).resolve() for folder in sys.argv[2:]] + [ROOT]
    with ExitStack() as stack:
        ones = [stack.enter_context(started(folder)) for folder in folders]
        for load in LOADS:
            runs: list[list[Figures]] = [[] for _ in ones]
            for _ in range(RUNS):
                for one, figures in zip(ones, runs, strict=True):
                    figures.append(taken(one, count, *load))
            connections, ahead, selected = load
            print(f"{connections} connections, {ahead} at once{', selected' if selected else ''}:", flush=True)
            for folder, figures in zip(folders, runs, strict=True):
                print(f"    {folder.name}: {', '.join(said(name, figures) for name in ('rate', *SERVERS))}", flush=True)


def said(name: str, runs: list[Figures]) -> str:
    values = [run[name] for run in runs]
    return f"{name} {median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


@contextmanager
def started(folder: Path) -> Iterator[Instance]:
    """An instance of the checkout, with one account."""
    instance.ROOT = folder
    with Instance({"CORREIO_DEMO": "0", "CORREIO_CONNECTION_LIMITS": "off"}) as one:
        manage(one, "add_domain", "crepes.fr")
        manage(one, "create_account", "alice@crepes.fr", "--password-stdin")
        yield one


def taken(one: Instance, count: int, connections: int, ahead: int, selected: bool) -> Figures:
    """Messages per second, and milliseconds of CPU of each of `SERVERS` for one."""
    host, port = one.ready["imaps"].rsplit(":", 1)
    before = {name: cpu(one.processes[name]) for name in SERVERS}
    rate = asyncio.run(brought(host, int(port), count, connections, ahead, selected))
    return {"rate": rate} | {name: (cpu(one.processes[name]) - before[name]) * 1000 / count for name in SERVERS}


async def brought(host: str, port: int, count: int, connections: int, ahead: int, selected: bool) -> float:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    numbers = iter(range(count))

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        writer.write(f'a LOGIN alice@crepes.fr "{PASSWORD}"\r\n'.encode())
        await until(reader, b"a OK")
        if selected:
            writer.write(b"b SELECT Archive\r\n")
            await until(reader, b"b OK")
        while wave := [number for _, number in zip(range(ahead), numbers, strict=False)]:
            for number in wave:
                raw = message(number)
                writer.write(b"c APPEND Archive (\\Seen) {%d+}\r\n%b\r\n" % (len(raw), raw))
            for _ in wave:
                await until(reader, b"c OK [APPENDUID")
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(connections)))
    return count / (time.monotonic() - began)


async def until(reader: asyncio.StreamReader, wanted: bytes) -> None:
    """Read up to the tagged answer, which must begin like that."""
    while (line := await asyncio.wait_for(reader.readline(), 60))[:1] == b"*":
        pass
    if not line.startswith(wanted):
        raise RuntimeError(f"expected {wanted!r}, got {line!r}")


def message(number: int) -> bytes:
    head = (
        f"From: Bob <bob@load.test>\r\nTo: alice@crepes.fr\r\nSubject: Message {number} of {time.time_ns()}\r\n"
        f"Message-ID: <{time.time_ns()}.{number}@load.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return head.encode() + BODY


if __name__ == "__main__":
    main()
