"""How soon people who idle are told of new mail: `python -m ops.measure_idlers [--people 100] [--each 1] [--rounds 5]`.

Starts an instance of its own. Every person idles over TLS, with so many programs; then one letter is sent to all at
once, and letters to one after the other. Counted from the server's 250 to `* n EXISTS` of each, in milliseconds; CPU
of the IMAP server. Before that, what its memory grew by for each connection: the first 100, and all others.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import statistics
import time
from pathlib import Path

from ops.measure import cpu
from tests.support.instance import Instance

PASSWORD = "buckwheat and cider"
MANY = {"CORREIO_DEMO": "0", "CORREIO_CONNECTION_LIMITS": "off", "CORREIO_SENDER_CHECKS": "off"}
_SETTLE = """
from unittest.mock import patch
from django.contrib.auth.hashers import make_password
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
hashed = make_password({password!r})
with patch("django.contrib.auth.base_user.make_password", return_value=hashed):
    with patch("mailserver.services.scram.keep"):
        add_domain("crepes.fr", keys=False)
        for number in range({people}):
            create_account(address=f"p{{number}}@crepes.fr", password={password!r})
"""


class Idler:
    """One mail program."""

    def __init__(self, number: int) -> None:
        self.address = f"p{number}@crepes.fr"
        self.told = asyncio.Event()
        self.at = 0.0

    async def begin(self, port: int, context: ssl.SSLContext) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        await self.reader.readline()
        for command in (f'LOGIN {self.address} "{PASSWORD}"', "SELECT INBOX"):
            self.writer.write(f"a {command}\r\n".encode())
            while not (line := await self.reader.readline()).startswith(b"a "):
                pass
            if not line.startswith(b"a OK"):
                raise RuntimeError(line)
        self.writer.write(b"a IDLE\r\n")
        await self.reader.readline()
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while line := await self.reader.readline():
            if line.endswith(b" EXISTS\r\n"):
                self.at = time.perf_counter()
                self.told.set()


class Sender:
    """A mail server that keeps its connection."""

    async def begin(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        await self._ask("EHLO hamburger.edu", greeting=True)

    async def send(self, addresses: list[str]) -> float:
        """When it was taken."""
        await self._ask("MAIL FROM:<bob@hamburger.edu>")
        for address in addresses:
            await self._ask(f"RCPT TO:<{address}>")
        await self._ask("DATA")
        await self._ask(f"From: bob@hamburger.edu\r\nSubject: Crepes {time.time_ns()}\r\n\r\nThe batter.\r\n.")
        return time.perf_counter()

    async def _ask(self, line: str, *, greeting: bool = False) -> None:
        if greeting:
            await self.reader.readline()
        self.writer.write(line.encode() + b"\r\n")
        while (said := await self.reader.readline())[3:4] == b"-":
            pass
        if said[:1] not in b"23":
            raise RuntimeError(said)


async def measure(instance: Instance, people: int, each: int, rounds: int) -> None:
    programs, sender = [[Idler(number) for _ in range(each)] for number in range(people)], Sender()
    idlers = [idler for group in programs for idler in group]
    await _begin_all(instance, idlers)
    await sender.begin(_port(instance, "mx"))
    await asyncio.sleep(2)
    for name, groups in (("one letter to all", [idlers] * rounds), ("a letter to each", programs)):
        delays, spent = [], cpu(instance.processes["imap"])
        for group in groups:
            taken = await sender.send(sorted({idler.address for idler in group}))
            await asyncio.wait_for(asyncio.gather(*(idler.told.wait() for idler in group)), 60)
            delays.append([1000 * (idler.at - taken) for idler in group])
            for idler in group:
                idler.told.clear()
        spent = cpu(instance.processes["imap"]) - spent
        last = sorted(max(group) for group in delays)
        every = sorted(delay for group in delays for delay in group)
        print(
            f"{name}: the last is told after {statistics.median(last):.0f} ms ({last[0]:.0f}-{last[-1]:.0f}),"
            f" anybody after {statistics.median(every):.0f} ms; {1000 * spent / len(every):.2f} ms of CPU for each"
        )


async def _begin_all(instance: Instance, idlers: list[Idler]) -> None:
    context = ssl.create_default_context(cafile=instance.data_dir / "tls" / "certificate.pem")
    for name, some in (("the first", idlers[:100]), ("the others", idlers[100:])):
        before = _resident(instance)
        for idler in some:
            await idler.begin(_port(instance, "imaps"), context)
        await asyncio.sleep(2)
        if some:
            print(f"{name} {len(some)} connections: {(_resident(instance) - before) / len(some):.1f} kB of memory each")


def _resident(instance: Instance) -> int:
    """kB that the processes of the IMAP server have of their own (proc(5): Pss, so nothing is counted twice)."""
    parent = instance.processes["imap"]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    rolled_up = [Path(f"/proc/{process}/smaps_rollup").read_text() for process in [str(parent), *children]]
    return sum(int(text.partition("\nRss:")[2].split()[0]) for text in rolled_up)


def _port(instance: Instance, name: str) -> int:
    return int(str(instance.ready[name]).rpartition(":")[2])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=100)
    options.add_argument("--each", type=int, default=1)
    options.add_argument("--rounds", type=int, default=5)
    known = options.parse_args()
    with Instance(MANY) as instance:
        made = instance.manage("shell", "-c", _SETTLE.format(people=known.people, password=PASSWORD))
        if made.returncode:
            raise SystemExit(made.stderr)
        asyncio.run(measure(instance, known.people, known.each, known.rounds))


if __name__ == "__main__":
    main()
