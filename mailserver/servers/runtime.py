"""How a mail server process lives: one uvloop loop, sockets shared between processes, a clean end on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mailserver import heap
from mailserver.servers import bridge
from mailserver.servers.certificate import Certificate
from mailserver.servers.handshakes import BACKLOG, EncryptedServer
from mailserver.servers.limits import Register

logger = logging.getLogger(__name__)

CERTIFICATE_SECONDS = 10.0
PARENT_SECONDS = 1.0
# Each session may have a socket and a file at a time; the usual 1,024 would be few for 500 of them.
OPEN_FILES = 8192
# After SIGTERM: how long a session may take to end the message it is sending.
GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Listener:
    """A port and the protocol spoken there. `encrypted`: TLS from the first octet."""

    name: str
    port: int
    protocol: Callable[[], asyncio.Protocol]
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """All that one process serves. `closing`: what is still to be done when the last session is over."""

    bind: str
    listeners: Sequence[Listener]
    register: Register
    certificate: Certificate | None = None
    closing: Sequence[Callable[[], Awaitable[None]]] = ()


async def open_listener(house: House, listener: Listener, *, shared: bool = False) -> asyncio.Server | EncryptedServer:
    """Listen. Processes may share a port: the kernel then gives each connection to one of them.

    Raises OSError when the port is taken.
    """
    bound = _bound(house.bind, listener.port, shared)
    if listener.encrypted and house.certificate:
        return EncryptedServer(bound, listener.protocol, house.certificate, house.register.another())
    return await asyncio.get_running_loop().create_server(listener.protocol, sock=bound, backlog=BACKLOG)


def _bound(host: str, port: int, shared: bool) -> socket.socket:
    family, _, _, _, place = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Only where it is meant: it would let a second server take half of our connections unnoticed.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        if family == socket.AF_INET6 and place[0] == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind(place)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def run(make_house: Callable[[], House], *, processes: int = 1) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. With several processes, the end of one is the end of all."""
    allow_open_files()
    _log_what_is_told()
    return _serve_one(make_house) if processes <= 1 else _serve_many(make_house, processes)


def allow_open_files() -> int:
    """Raise this process's bound to `OPEN_FILES`, as far as the system allows; the bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def _log_what_is_told() -> None:
    """No file, thread or process: our lines do not name them, and they are looked for with each (logging HOWTO)."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _serve_one(make_house: Callable[[], House]) -> int:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(make_house))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform != "linux":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _serve(make_house: Callable[[], House], parent: int | None = None) -> int:
    house, stopped = make_house(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    shared = parent is not None
    servers = [await open_listener(house, listener, shared=shared) for listener in house.listeners]
    places = ", ".join(f"{listener.name} {house.bind}:{listener.port}" for listener in house.listeners)
    heap.settle()
    logger.info("listening: %s", places)
    async with asyncio.TaskGroup() as tasks:
        chores = (
            [tasks.create_task(_every(CERTIFICATE_SECONDS, house.certificate.refresh))] if house.certificate else []
        )
        if parent is not None:
            chores.append(tasks.create_task(_every(PARENT_SECONDS, lambda: _follow(parent, stopped))))
        await stopped.wait()
        for chore in chores:
            chore.cancel()
    for server in servers:
        server.close()
    await _empty(house.register)
    for close in (*house.closing, house.register.close):
        await close()
    bridge.shut_down()
    return 0


async def _every(seconds: float, chore: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(seconds)
        chore()


def _follow(parent: int, stopped: asyncio.Event) -> None:
    if os.getppid() != parent:
        stopped.set()


async def _empty(register: Register) -> None:
    register.stop()
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await register.empty.wait()
    except TimeoutError:
        logger.warning("%d sessions did not end in time", len(register))


def _serve_many(make_house: Callable[[], House], processes: int) -> int:
    """Fork before anything has a thread or a connection."""
    children = {_fork(make_house) for _ in range(processes)}

    def forward(number: int, frame: object) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    worst = 0
    while children:
        child, status = os.wait()
        children.discard(child)
        code = os.waitstatus_to_exitcode(status)
        if code:
            logger.error("process %d ended with %d", child, code)
            worst = 1
            forward(signal.SIGTERM, None)
    return worst


def _fork(make_house: Callable[[], House]) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            code = runner.run(_serve(make_house, parent))
    except Exception:
        logger.exception("this process ends")
    os._exit(code)
