"""Our own SMTP listeners on free ports, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from django.db import connections

from mailserver.net.scanners import Scanners
from mailserver.net.senderauth import SenderCheck
from mailserver.practice.certificates import self_signed
from mailserver.servers import bridge
from mailserver.servers.certificate import Certificate
from mailserver.servers.limits import Register
from mailserver.servers.refusals import Refusals
from mailserver.servers.runtime import House, Listener, open_listener
from mailserver.servers.smtp.limits import Limits
from mailserver.servers.smtp.mx import MxDoor
from mailserver.servers.smtp.protocol import Connection, Site
from mailserver.servers.smtp.submission import SubmissionDoor


@dataclass(frozen=True)
class Ports:
    """Where the listeners are; `register` knows the sessions."""

    mx: int
    submission: int
    submissions: int
    register: Register


@contextmanager
def listening(
    folder: Path,
    *,
    limits: Limits | None = None,
    size_limit: int = 36 * 1024 * 1024,
    per_address: int | None = None,
    total: int = 500,
    tls: bool = True,
    max_recipients: int = 1000,
    submission_port: int = 0,
    check: SenderCheck | None = None,
    check_all: bool = False,
    scanners: Scanners | None = None,
) -> Iterator[Ports]:
    """MX, submission and submission over TLS, until the block ends."""
    pem = folder / "server.pem"
    pem.write_bytes(self_signed())
    certificate = Certificate(pem, None)
    register = Register(per_address=per_address, total=total)
    site = Site(
        hostname="mx.hamburger.edu",
        size_limit=size_limit,
        register=register,
        tls=lambda: certificate.context if tls else None,
        limits=limits or Limits(),
        # Written at the end, when the test waits and does not use the connection itself.
        refusals=Refusals(seconds=60),
    )
    mx, door = MxDoor(max_recipients, check=check, check_all=check_all, scanners=scanners), SubmissionDoor()
    listeners = [
        Listener("mx", 0, lambda: Connection(site, mx)),
        Listener("submission", submission_port, lambda: Connection(site, door)),
        Listener("submissions", 0, lambda: Connection(site, door), encrypted=True),
    ]
    with running(House("127.0.0.1", listeners, register, certificate, closing=(site.refusals.close,))) as ports:
        yield Ports(*ports, register)


@contextmanager
def running(house: House) -> Iterator[list[int]]:
    """Open the listeners of a house on their ports (0: any), until the block ends; the ports."""
    ports: list[int] = []
    ready, done = threading.Event(), asyncio.Event()
    loop = uvloop.new_event_loop()

    async def serve() -> None:
        servers = [await open_listener(house, listener) for listener in house.listeners]
        ports.extend(server.sockets[0].getsockname()[1] for server in servers)
        ready.set()
        await done.wait()
        for server in servers:
            server.close()
        house.register.stop()
        await asyncio.wait_for(house.register.empty.wait(), 10)
        for close in (*house.closing, house.register.close):
            await close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield ports
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@contextmanager
def in_the_tests_transaction() -> Iterator[None]:
    """The services see what the test wrote and did not commit: one thread, the test's own database connection.

    Safe because the test waits for the server's answer while the server works.
    """
    shared = connections["default"]
    shared.inc_thread_sharing()
    executor = ThreadPoolExecutor(1, initializer=lambda: connections.__setitem__("default", shared))
    try:
        with bridge.using(executor):
            yield
            executor.shutdown(wait=True)
    finally:
        shared.dec_thread_sharing()
