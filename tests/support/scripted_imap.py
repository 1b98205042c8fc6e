"""An IMAP server that says what a test wants: for what no honest server does."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mailserver.practice.certificates import server_context

# What to send for a command, as octets with {tag}; without it, or for None, the server hangs up then.
Answer = Callable[[str], bytes | None]


@dataclass
class Script:
    """Answers by the first words of a command (`UID FETCH`, `LIST`); those left out are answered as below.

    `messages` by UID make an honest Inbox of their own.
    """

    messages: dict[int, bytes] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    uidvalidity: str = "7"
    heard: list[str] = field(default_factory=list)

    def reply(self, command: str) -> bytes | None:
        for words, answer in self.answers.items():
            if command.upper().startswith(words):
                return answer(command)
        return self._honest(command)

    def _honest(self, command: str) -> bytes:
        verb = command.upper()
        if verb.startswith("CAPABILITY"):
            return f"* CAPABILITY {self.capabilities}\r\n{{tag}} OK done\r\n".encode()
        if verb.startswith("LIST"):
            return b'* LIST (\\HasNoChildren) "/" INBOX\r\n{tag} OK done\r\n'
        if verb.startswith(("EXAMINE", "SELECT")):
            head = f"* {len(self.messages)} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {self.uidvalidity}] x\r\n"
            return head.encode() + b"{tag} OK [READ-ONLY] done\r\n"
        if verb.startswith("UID SEARCH"):
            first = int(re.search(r"UID (\d+):", command)[1])
            found = " ".join(str(uid) for uid in self.messages if uid >= first)
            return f"* SEARCH {found}\r\n{{tag}} OK done\r\n".encode()
        if verb.startswith("UID FETCH"):
            return self.fetched(command) + b"{tag} OK done\r\n"
        return b"{tag} OK done\r\n"

    def fetched(self, command: str) -> bytes:
        """The FETCH responses for a command."""
        wanted = [int(uid) for uid in command.split()[2].split(",")]
        lines = []
        for number, (uid, raw) in enumerate(self.messages.items(), 1):
            if uid not in wanted:
                continue
            if "BODY" in command:
                lines.append(b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (number, uid, len(raw), raw))
            else:
                date = b'INTERNALDATE "04-May-2019 12:30:00 +0000"'
                lines.append(b"* %d FETCH (UID %d FLAGS () %b RFC822.SIZE %d)\r\n" % (number, uid, date, len(raw)))
        return b"".join(lines)


@contextmanager
def imap_server(script: Script, *, name: str = "localhost", greeting: bytes = b"* OK hello\r\n") -> Iterator[int]:
    """The port of a server (TLS) that follows the script, until the block ends. `name` is what its certificate says."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = server_context(name)
    threading.Thread(target=_listen, args=(listener, context, script, greeting), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _listen(listener: socket.socket, context: ssl.SSLContext, script: Script, greeting: bytes) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:  # the block has ended
            return
        threading.Thread(target=_serve, args=(plain, context, script, greeting), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, script: Script, greeting: bytes) -> None:
    with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as line:
        line.sendall(greeting)
        reader = line.makefile("rb")
        for octets in reader:
            tag, _, command = octets.decode().rstrip("\r\n").partition(" ")
            script.heard.append(command)
            if command.upper().startswith("AUTHENTICATE"):
                line.sendall(b"+ \r\n")
                reader.readline()
            answer = script.reply(command)
            line.sendall((answer or b"").replace(b"{tag}", tag.encode()))
            if not answer or b"{tag}" not in answer:
                return
