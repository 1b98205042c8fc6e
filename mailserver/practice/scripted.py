"""A small SMTP server on loopback that does exactly what it is told, and records all it receives.

    with ScriptedServer(replies={"RCPT bob@hamburger.edu": "550 5.1.1 No such user here"}) as server:
        ... deliver to server.port ...
    assert server.sessions[0].commands == [...]

A step is named by its command (`MAIL`, `RCPT`, `DATA`, …), by command and address (`RCPT bob@hamburger.edu`), or
is one of `BANNER` and `END` (after the end mark). What happens at a step is one of `actions`, or a list of them: the
first time the first, then the next, then the last for ever.

Each connection has a thread of its own, so that those who call may be synchronous or run any event loop.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from mailserver.practice.actions import CLOSE, HANG, RESET, Action, Ask, Drip, Raw, Session, Then, defaults
from mailserver.practice.certificates import server_context

__all__ = ["CLOSE", "HANG", "RESET", "Action", "Ask", "Drip", "Raw", "ScriptedServer", "Session", "Then"]


class ScriptedServer:
    """`extensions`: what EHLO offers (None: EHLO is unknown, only HELO). `handshake`: what follows the 220 to
    STARTTLS: `tls` with the certificate of `context` (a self-signed one), `garbage`, or `close`.

    `taken` is called with each message that got a 250, and its session; then nothing is kept of ended sessions.
    """

    def __init__(
        self,
        *,
        replies: Mapping[str, Action | Sequence[Action]] | None = None,
        extensions: Sequence[str] | None = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760"),
        handshake: str = "tls",
        host: str = "mx1.hamburger.edu",
        where: tuple[str, int] = ("127.0.0.1", 0),
        context: ssl.SSLContext | None = None,
        taken: Callable[[Session, bytes], None] | None = None,
    ) -> None:
        self.sessions: list[Session] = []
        self.where = where
        self.handshake = handshake
        self.taken = taken
        self._context = context
        steps = {**defaults(host), "EHLO": _hello(host, extensions), **(replies or {})}
        self._script = {
            step: [action] if isinstance(action, Action) else list(action) for step, action in steps.items()
        }
        # Set when a conversation comes to the step.
        self.reached = {step: threading.Event() for step in self._script}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def commands(self) -> list[str]:
        """The commands of all sessions, in the order of the connections."""
        return [command for session in self.sessions for command in session.commands]

    @property
    def messages(self) -> list[bytes]:
        return [message for session in self.sessions for message in session.messages]

    @property
    def port(self) -> int:
        return self.where[1]

    @property
    def context(self) -> ssl.SSLContext:
        return self._context or server_context()

    @context.setter
    def context(self, context: ssl.SSLContext) -> None:
        self._context = context

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(self.where)
        self.where = self._listener.getsockname()
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        # Wakes accept(); closing the listener under it would not.
        socket.create_connection(self.where).close()
        for sock in self.sockets:
            _shut(sock)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
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
            self.sockets.append(sock)
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

    def left(self, session: Session) -> None:
        """A session has ended."""
        if self.taken:
            self.sessions.remove(session)

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
            self._server.left(self._session)

    def _serve(self, command: str) -> None:
        self._session.commands.append(command)
        verb = command.partition(" ")[0].upper()
        address = re.search(r"<(.*)>", command)
        reply = self._act(*([f"{verb} {address[1]}"] if address else []), verb)
        if verb == "MAIL":
            self._session.accepted.clear()
        if verb == "RCPT" and address and reply.startswith("250"):
            self._session.accepted.append(address[1])
        if verb == "DATA" and reply.startswith("354"):
            self._session.messages.append(self._message())
            if self._act("END").startswith("250") and self._server.taken:
                self._server.taken(self._session, self._session.messages[-1])
        if verb == "STARTTLS" and reply.startswith("220"):
            self._encrypt()

    def _act(self, *steps: str) -> str:
        action = self._server.next_action(*steps)
        while isinstance(action, Ask):
            action = action.choose(self._session)
        self._do(action)
        if isinstance(action, Drip):
            return action.data.decode()
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
        if self._server.handshake == "close":
            raise _Ended
        if self._server.handshake == "garbage":
            self._sock.sendall(b"this is no TLS\r\n" * 20)
            raise _Ended
        self._buffer.clear()
        self._sock = self._server.context.wrap_socket(self._sock, server_side=True)
        self._server.sockets.append(self._sock)
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


def _hello(host: str, extensions: Sequence[str] | None) -> Action:
    if extensions is None:
        return "502 5.5.1 Command not known"
    return "\n".join([f"250 {host}", *(f"250 {line}" for line in extensions)])


def _wire_reply(text: str) -> bytes:
    """Lines that all begin with a code get their hyphens; `250 a\\n250 b` is a two-line reply."""
    *first, last = text.split("\n")
    return "".join([*(f"{line[:3]}-{line[4:]}\r\n" for line in first), f"{last}\r\n"]).encode()


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already
