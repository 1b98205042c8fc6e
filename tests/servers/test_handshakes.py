"""Clients of an encrypted port are counted before they are through."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from mailserver.practice.certificates import self_signed
from mailserver.servers import handshakes
from mailserver.servers.certificate import Certificate
from mailserver.servers.handshakes import EncryptedServer
from mailserver.servers.limits import Register

Test = Callable[[], Coroutine[Any, Any, None]]


class Greeting(asyncio.Protocol):
    """Says hello and whether its words leave at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast(asyncio.Transport, transport)
        nodelay = wire.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        wire.write(b"hello, at once\r\n" if nodelay else b"hello\r\n")


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop])
def run(request) -> Callable[[Test], None]:
    def in_a_loop(test: Test) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(test(), 20))

    return in_a_loop


@pytest.fixture
def certificate(tmp_path) -> Certificate:
    pem: Path = tmp_path / "server.pem"
    pem.write_bytes(self_signed())
    return Certificate(pem, None)


@asynccontextmanager
async def listening(
    certificate: Certificate, *, per_address: int | None = 2, total: int = 100, seconds: float = 10
) -> AsyncIterator[tuple[EncryptedServer, int, Register]]:
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setblocking(False)
    arrivals = Register(per_address=per_address, total=total)
    server = EncryptedServer(bound, Greeting, certificate, arrivals, seconds)
    try:
        yield server, bound.getsockname()[1], arrivals
    finally:
        server.close()
        await asyncio.wait_for(arrivals.empty.wait(), 5)


async def silent(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def heard(port: int) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        return await reader.readline()
    finally:
        writer.close()


async def is_hung_up_on(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never held")


def test_whoever_is_through_is_greeted_without_delay(run, certificate):
    async def test() -> None:
        async with listening(certificate) as (_server, port, arrivals):
            assert await heard(port) == b"hello, at once\r\n"
            await until(lambda: len(arrivals) == 0)

    run(test)


def test_who_says_nothing_is_counted(run, certificate, caplog):
    caplog.set_level(logging.INFO)

    async def test() -> None:
        async with listening(certificate) as (_server, port, arrivals):
            _, first = await silent(port)
            _, second = await silent(port)
            await until(lambda: len(arrivals) == 2)
            reader, third = await silent(port)
            assert await is_hung_up_on(reader)
            assert "127.0.0.1: too many handshakes at once" in caplog.messages
            first.close()
            await until(lambda: len(arrivals) == 1)
            assert (await heard(port)).startswith(b"hello")
            second.close()
            third.close()

    run(test)


def test_there_is_a_bound_of_all(run, certificate):
    async def test() -> None:
        async with listening(certificate, per_address=None, total=1) as (_server, port, arrivals):
            _, first = await silent(port)
            await until(lambda: len(arrivals) == 1)
            reader, second = await silent(port)
            assert await is_hung_up_on(reader)
            first.close()
            second.close()

    run(test)


def test_a_handshake_that_does_not_come_ends_in_time(run, certificate, caplog):
    caplog.set_level(logging.INFO)

    async def test() -> None:
        async with listening(certificate, seconds=0.2) as (_server, port, arrivals):
            reader, writer = await silent(port)
            assert await is_hung_up_on(reader)
            await until(lambda: len(arrivals) == 0)
            writer.close()

    run(test)
    assert any(message.startswith("127.0.0.1: no TLS: ") for message in caplog.messages)


def test_who_does_not_speak_tls_harms_nobody(run, certificate, caplog):
    caplog.set_level(logging.INFO)

    async def test() -> None:
        async with listening(certificate) as (_server, port, arrivals):
            reader, writer = await silent(port)
            writer.write(b"EHLO me\r\n")
            await asyncio.wait_for(reader.read(), 5)
            await until(lambda: len(arrivals) == 0)
            assert (await heard(port)).startswith(b"hello")
            writer.close()

    run(test)
    assert "127.0.0.1: no TLS: SSLError" in caplog.messages


def test_the_end_hangs_up_on_handshakes_under_way(run, certificate):
    async def test() -> None:
        async with listening(certificate) as (server, port, arrivals):
            reader, writer = await silent(port)
            await until(lambda: len(arrivals) == 1)
            server.close()
            assert await is_hung_up_on(reader)
            writer.close()

    run(test)


def test_it_goes_on_when_there_are_descriptors_again(run, certificate, caplog, monkeypatch):
    monkeypatch.setattr(handshakes, "PAUSE_SECONDS", 0.05)

    async def test() -> None:
        async with listening(certificate) as (_server, port, arrivals):
            client = socket.socket()
            client.setblocking(False)
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (_first_free(), hard))
            try:
                await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
                await until(lambda: bool(caplog.messages))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await until(lambda: len(arrivals) == 1)
            client.close()
            assert (await heard(port)).startswith(b"hello")

    run(test)
    assert caplog.messages[0].startswith("no more connections for a moment: ")


def _first_free() -> int:
    free = os.dup(0)
    os.close(free)
    return free
