"""Postfix's smtp-source with a Message-ID of its own in each message: `python ops/unique_source.py -s 20 -m 900 ...`.

smtp-source sends one file again and again. A server that recognises what it has filed before then stores the first
and measures how quickly it throws the others away. Here each message has its own Message-ID, and answers a message of
its own where the file says that it is an answer, so that each begins a conversation, as most mail does. Options as in
smtp-source(1), those that benchmarks use.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import uvloop

_FIELDS = re.compile(
    rb"^(message-id|in-reply-to|references)[ \t]*:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", re.IGNORECASE | re.MULTILINE
)


class Refused(Exception):
    """The server said no, or went away."""


class Message:
    """A file as it goes over the wire, with other ids each time."""

    def __init__(self, content: bytes) -> None:
        header, _, body = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
        header += b"\r\n"
        answers = [found[1] for found in _FIELDS.finditer(header) if found[1].lower() != b"message-id"]
        run = secrets.token_hex(6)
        self._ids = "".join(
            [f"Message-ID: <%d.{run}@source.example>\r\n"]
            + [f"{name.decode()}: <%d.{run}.parent@source.example>\r\n" for name in answers]
        ).encode()
        self._count = 1 + len(answers)
        self._header = _FIELDS.sub(b"", header)
        self._rest = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.\r\n"

    def wire(self, number: int) -> bytes:
        """The message of that number, with the mark of its end."""
        return self._header + self._ids % ((number,) * self._count) + self._rest


class Session(asyncio.Protocol):
    """One connection that brings the messages of `numbers`, one command at a time; `done` after QUIT."""

    def __init__(self, options: argparse.Namespace, message: Message, numbers: Iterator[int]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._talk = _talk(options, message, numbers)
        self._wanted = next(self._talk)[1]
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *lines, self._held = (self._held + data).split(b"\n")
        for line in lines:
            # All lines of a reply but the last have a hyphen there.
            if line[3:4] != b"-" and not self.done.done():
                self._go_on(line)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or Refused("the connection ended early"))

    def _go_on(self, reply: bytes) -> None:
        if not reply.startswith(self._wanted):
            self.done.set_exception(Refused(reply.decode(errors="replace").strip()))
            self._transport.close()
            return
        try:
            command, self._wanted = next(self._talk)
        except StopIteration:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(command)


def _talk(options: argparse.Namespace, message: Message, numbers: Iterator[int]) -> Iterator[tuple[bytes, bytes]]:
    """What a session says, and how the answer begins that it must hear before it goes on."""
    yield b"", b"220"
    yield b"LHLO source.example\r\n" if options.lmtp else b"EHLO source.example\r\n", b"250"
    for number in numbers:
        yield f"MAIL FROM:<{options.sender}>\r\n".encode(), b"250"
        for place in range(options.recipients, 0, -1):
            yield f"RCPT TO:<{place if place > 1 else ''}{options.to}>\r\n".encode(), b"250"
        yield b"DATA\r\n", b"354"
        yield message.wire(number), b"250"
        # RFC 2033 §4.2: LMTP answers for each recipient.
        for _ in range(options.recipients - 1 if options.lmtp else 0):
            yield b"", b"250"
    yield b"QUIT\r\n", b"221"


async def send(options: argparse.Namespace, content: bytes) -> None:
    """Send all messages, made of the `content` of the file. Raises ExceptionGroup of Refused and OSError."""
    message, loop = Message(content), asyncio.get_running_loop()
    host, _, port = options.place.rpartition(":")
    numbers = iter(range(options.messages))

    async def work() -> None:
        for number in numbers:
            mine = (one for some in ([number], numbers if options.keep else ()) for one in some)
            _, session = await loop.create_connection(
                lambda mine=mine: Session(options, message, mine), host, int(port)
            )
            await session.done

    async with asyncio.TaskGroup() as tasks:
        for _ in range(options.sessions):
            tasks.create_task(work())


def options(arguments: list[str]) -> argparse.Namespace:
    """The command line of smtp-source. R recipients are TO, 2TO ... RTO."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-4", action="store_true", dest="_four", help="IPv4, which is what a number means anyway")
    parser.add_argument("-s", type=int, default=1, dest="sessions", metavar="COUNT", help="connections at a time")
    parser.add_argument("-m", type=int, default=1, dest="messages", metavar="COUNT", help="messages in all")
    parser.add_argument("-r", type=int, default=1, dest="recipients", metavar="COUNT", help="recipients of each")
    parser.add_argument("-f", default="sender@source.example", dest="sender", metavar="ADDRESS")
    parser.add_argument("-t", required=True, dest="to", metavar="ADDRESS")
    parser.add_argument("-F", required=True, dest="file", metavar="FILE")
    parser.add_argument("-d", action="store_true", dest="keep", help="keep the connection after a message")
    parser.add_argument("-L", action="store_true", dest="lmtp", help="speak LMTP")
    parser.add_argument("place", metavar="HOST:PORT")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    given = options(arguments)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(send(given, Path(given.file).read_bytes()))
    except ExceptionGroup as faults:
        print(f"unique_source: {faults.exceptions[0]!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
