"""A small remote SMTP server on loopback that does exactly what a test tells it, and records all it receives.

    with ScriptedServer(replies={"RCPT bob@hamburger.edu": "550 5.1.1 No such user here"}) as server:
        ... deliver to server.port ...
    assert server.sessions[0].commands == [...]

A step is named by its command (`MAIL`, `RCPT`, `DATA`, …), by command and address (`RCPT bob@hamburger.edu`), or
is one of `BANNER` and `END` (after the end mark). What happens at a step is an action:

    "451 4.7.1 Later"     that reply; "\\n" separates the lines of a longer one
    Raw(b"25"), Drip(b"250 OK\\r\\n", 0.05)   octets as they are, at once or one by one
    HANG                  nothing more is said, the connection stays
    CLOSE, RESET          the connection ends, politely or by RST
    Then(a, b)            both, in turn
    [a, b, c]             a list: the first time a, then b, then c for ever

Each connection has a thread of its own, so tests may be synchronous or run any event loop.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from tests.support.certificates import server_context


@dataclass(frozen=True)
class Raw:
    data: bytes


@dataclass(frozen=True)
class Drip:
    data: bytes
    pause: float


@dataclass(frozen=True)
class Then:
    first: Action
    second: Action


@dataclass(frozen=True)
class _Named:
    name: str


HANG, CLOSE, RESET = _Named("HANG"), _Named("CLOSE"), _Named("RESET")

Action = str | Raw | Drip | Then | _Named

DEFAULTS: dict[str, Action] = {
    "BANNER": "220 mx1.hamburger.edu ESMTP ready",
    "HELO": "250 mx1.hamburger.edu",
    "MAIL": "250 2.1.0 Sender OK",
    "RCPT": "250 2.1.5 Recipient OK",
    "DATA": "354 End with a line that has only a dot",
    "END": "250 2.0.0 Queued as 7F3A91",
    "RSET": "250 2.0.0 OK",
    "NOOP": "250 2.0.0 OK",
    "QUIT": Then("221 2.0.0 Bye", CLOSE),
    "STARTTLS": "220 2.0.0 Ready to start TLS",
}


@dataclass
class Session:
    """What one connection brought: its commands, its messages (dots unstuffed) and every octet after TLS."""

    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    encrypted: bool = False


class ScriptedServer:
    """`extensions`: what EHLO offers (None: EHLO is unknown, only HELO). `handshake`: what follows the 220 to
    STARTTLS: `tls` with a self-signed certificate (or that of `context`), `garbage`, or `close`.
    """

    def __init__(
        self,
        *,
        replies: Mapping[str, Action | Sequence[Action]] | None = None,
        extensions: Sequence[str] | None = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760"),
        handshake: str = "tls",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.context = context
        self.sessions: list[Session] = []
        self._extensions = extensions
        self._handshake = handshake
        self._script = {
            step: [action] if isinstance(action, Action) else list(action)
            for step, action in {**DEFAULTS, **self._hello(), **(replies or {})}.items()
        }
        # Set when a conversation comes to the step.
        self.reached = {step: threading.Event() for step in self._script}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def commands(self) -> list[str]:
        """The commands of all sessions, in the order of the connections."""
        return [command for session in self.sessions for command in session.commands]

    @property
    def messages(self) -> list[bytes]:
        return [message for session in self.sessions for message in session.messages]

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        # Wakes accept(); closing the listener under it would not.
        socket.create_connection(("127.0.0.1", self.port)).close()
        for sock in self._sockets:
            _shut(sock)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _hello(self) -> dict[str, Action]:
        if self._extensions is None:
            return {"EHLO": "502 5.5.1 Command not known"}
        return {"EHLO": "\n".join(["250 mx1.hamburger.edu", *(f"250 {line}" for line in self._extensions)])}

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._over.is_set():
                sock.close()
                return
            # Else Nagle and delayed acknowledgements cost 40 ms for each second small reply.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session()
            self.sessions.append(session)
            self._sockets.append(sock)
            self._start(_Conversation(self, sock, session).run)

    def next_action(self, *steps: str) -> Action:
        """The action of the first of the steps that the script knows."""
        with self._lock:
            for step in steps:
                actions = self._script.get(step)
                if actions:
                    self.reached[step].set()
                    return actions.pop(0) if len(actions) > 1 else actions[0]
        return "500 5.5.1 Unknown command"

    def wait(self, seconds: float | None = None) -> None:
        """Until the test is over, or for some seconds."""
        self._over.wait(seconds)


class _Ended(Exception):
    """The conversation is over."""


class _Conversation:
    def __init__(self, server: ScriptedServer, sock: socket.socket, session: Session) -> None:
        self._server = server
        self._sock = sock
        self._session = session
        self._buffer = bytearray()

    def run(self) -> None:
        try:
            self._act("BANNER")
            while True:
                self._serve(self._line())
        except (_Ended, OSError):
            pass  # the client left or the script says so; what was received is on record
        finally:
            _shut(self._sock)
            self._sock.close()

    def _serve(self, command: str) -> None:
        self._session.commands.append(command)
        verb = command.partition(" ")[0].upper()
        address = re.search(r"<(.*)>", command)
        reply = self._act(*([f"{verb} {address[1]}"] if address else []), verb)
        if verb == "DATA" and reply.startswith("354"):
            self._session.messages.append(self._message())
            self._act("END")
        if verb == "STARTTLS" and reply.startswith("220"):
            self._encrypt()

    def _act(self, *steps: str) -> str:
        action = self._server.next_action(*steps)
        self._do(action)
        return action if isinstance(action, str) else ""

    def _do(self, action: Action) -> None:
        if isinstance(action, Then):
            self._do(action.first)
            self._do(action.second)
        elif isinstance(action, str):
            self._sock.sendall(_wire_reply(action))
        elif isinstance(action, Raw):
            self._sock.sendall(action.data)
        elif isinstance(action, Drip):
            for octet in action.data:
                self._server.wait(action.pause)
                self._sock.sendall(bytes([octet]))
        elif action is HANG:
            self._server.wait()
            raise _Ended
        else:
            if action is RESET:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._sock.close()
            raise _Ended

    def _encrypt(self) -> None:
        if self._server._handshake == "close":
            raise _Ended
        if self._server._handshake == "garbage":
            self._sock.sendall(b"this is no TLS\r\n" * 20)
            raise _Ended
        self._buffer.clear()
        context = self._server.context or server_context()
        self._sock = context.wrap_socket(self._sock, server_side=True)
        self._server._sockets.append(self._sock)
        self._session.encrypted = True

    def _line(self) -> str:
        return self._until(b"\r\n")[:-2].decode("utf-8")

    def _message(self) -> bytes:
        """Up to the end mark, unstuffed; ending with CRLF, or empty."""
        if self._peek(3) == b".\r\n":
            self._until(b".\r\n")
            return b""
        lines = self._until(b"\r\n.\r\n")[:-3]
        return lines.replace(b"\r\n..", b"\r\n.").removeprefix(b".")

    def _peek(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        return bytes(self._buffer[:size])

    def _until(self, mark: bytes) -> bytes:
        start = 0
        while (end := self._buffer.find(mark, start)) < 0:
            start = max(0, len(self._buffer) - len(mark))
            self._receive()
        found = bytes(self._buffer[: end + len(mark)])
        del self._buffer[: end + len(mark)]
        return found

    def _receive(self) -> None:
        data = self._sock.recv(65536)
        if not data:
            raise _Ended
        self._buffer += data
        self._session.received += data


def _wire_reply(text: str) -> bytes:
    """Lines that all begin with a code get their hyphens; `250 a\\n250 b` is a two-line reply."""
    *first, last = text.split("\n")
    return "".join([*(f"{line[:3]}-{line[4:]}\r\n" for line in first), f"{last}\r\n"]).encode()


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already
