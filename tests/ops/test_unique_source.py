from __future__ import annotations

import asyncio

import pytest

from mailserver.mail.message import parse
from ops import unique_source
from ops.unique_source import Message, Refused

FILE = b"""From: bob@remote.example
Subject: Re: pans
Message-ID: <one@remote.example>
References: <first@remote.example>
 <second@remote.example>

Two pans.
.hidden
"""


def _unstuffed(wire: bytes) -> bytes:
    return wire.removesuffix(b".\r\n").replace(b"\r\n.", b"\r\n")


def test_each_message_has_its_own_id_and_its_own_parent() -> None:
    message = Message(FILE)
    one, two = (parse(_unstuffed(message.wire(number))) for number in (1, 2))
    assert one.message_id
    assert two.message_id
    assert len({one.message_id, two.message_id, *one.references, *two.references}) == 4


def test_everything_else_is_the_file() -> None:
    content = _unstuffed(Message(FILE).wire(1))
    header, _, body = content.partition(b"\r\n\r\n")
    assert header.split(b"\r\n")[:2] == [b"From: bob@remote.example", b"Subject: Re: pans"]
    assert body == b"Two pans.\r\n.hidden\r\n"


def test_a_message_without_an_id_gets_one() -> None:
    assert parse(_unstuffed(Message(b"Subject: pans\n\nTwo.\n").wire(7))).message_id.startswith("7.")


class _Server(asyncio.Protocol):
    """Says yes to everything, and counts."""

    connections = 0
    lines: list[bytes]

    def __init__(self) -> None:
        type(self).connections += 1
        self.in_data, self.held = False, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 here\r\n")

    def data_received(self, data: bytes) -> None:
        self.held += data
        while True:
            mark = b"\r\n.\r\n" if self.in_data else b"\r\n"
            line, found, rest = self.held.partition(mark)
            if not found:
                return
            self.held = rest
            type(self).lines.append(line)
            started, self.in_data = line == b"DATA" and not self.in_data, line == b"DATA"
            self.transport.write(b"354 go\r\n" if started else self.answer(line))

    def answer(self, line: bytes) -> bytes:
        if line.startswith(b"EHLO"):
            return b"250-here\r\n250 HELP\r\n"
        return b"221 bye\r\n" if line == b"QUIT" else b"250 ok\r\n"


class _Unwilling(_Server):
    def answer(self, line: bytes) -> bytes:
        return b"550 5.1.1 nobody\r\n" if line.startswith(b"RCPT") else super().answer(line)


async def _sent(server: type[_Server], *arguments: str) -> None:
    server.connections, server.lines = 0, []
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    async with listening:
        host, port = listening.sockets[0].getsockname()
        await unique_source.send(unique_source.options([*arguments, f"{host}:{port}"]), FILE)


@pytest.mark.parametrize(("kept", "connections"), [(["-d"], 2), ([], 7)])
def test_it_sends_all_messages_to_all_recipients(kept: list[str], connections: int) -> None:
    arguments = ["-4", "-s", "2", "-m", "7", "-r", "3", "-f", "a@b.example", "-t", "c@d.example", "-F", "-"]
    asyncio.run(_sent(_Server, *arguments, *kept))
    assert _Server.connections == connections
    assert _Server.lines.count(b"MAIL FROM:<a@b.example>") == 7
    assert [_Server.lines.count(b"RCPT TO:<%sc@d.example>" % prefix) for prefix in (b"", b"2", b"3")] == [7, 7, 7]
    assert len({line for line in _Server.lines if b"Subject:" in line}) == 7


def test_a_refusal_is_told() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(_sent(_Unwilling, "-t", "c@d.example", "-F", "-"))
    assert isinstance(raised.value.exceptions[0], Refused)
    assert "5.1.1" in str(raised.value.exceptions[0])
