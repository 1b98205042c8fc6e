"""An SMTP dialogue for people: each line as it was said, with what it means in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from mailserver.mail import explain

Side = Literal["client", "server", "note"]
Tone = Literal["", "later", "no", "secure"]

# (seconds since the start, side, text), as an attempt keeps it
RawLine = Sequence[object]

_REPLY = re.compile(r"([2-5]\d\d)(?:[ -](.*))?\Z", re.DOTALL)
_PATH = re.compile(r"<([^>]*)>")
_BODY = re.compile(r"(\d+) bytes of message\Z")
_ENCRYPTED = re.compile(r"Encrypted from here: TLSv([\d.]+)")

_ASKED = {
    "STARTTLS": "Let us speak so that nobody else can read along",
    "AUTH": "This is my sign-in",
    "DATA": "Here it comes",
    "RSET": "Forget what I said of this message",
    "NOOP": "Are you still there?",
    "QUIT": "That was all, goodbye",
    ".": "The message, then a single dot",
    "nothing": "Nothing after all",
}
_GRANTED = {
    "": "Hello, I take mail",
    "HELO": "Pleased to meet you",
    "STARTTLS": "Yes, let us",
    "MAIL": "Go on",
    "RCPT": "I take mail for that mailbox",
    "DATA": "I am listening",
    ".": "Got it. It is my responsibility now",
    "nothing": "All right",
    "RSET": "Forgotten",
    "QUIT": "Goodbye",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing said, `at` seconds after the start. `text` is verbatim except that the lines of one reply are joined
    by " · " and the message itself is left out. `translation` may be "". `tone`: "no" and "later" for refusals,
    "secure" for the moment encryption began.
    """

    at: float
    side: Side
    text: str
    translation: str
    tone: Tone = ""


def translate(transcript: Iterable[RawLine], names: Mapping[str, str] | None = None) -> list[Spoken]:
    """The dialogue with its meaning. `names` gives the person behind a lower-case address, where known."""
    return list(_Interpreter(names or {}).run([_line(raw) for raw in transcript]))


def _line(raw: RawLine) -> tuple[float, Side, str]:
    at, side, text = raw
    known: dict[str, Side] = {"client": "client", "server": "server"}
    return float(str(at)), known.get(str(side), "note"), str(text)


class _Interpreter:
    """Follows who asked what, because a reply means nothing without its question."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._verb = ""
        self._person = ""
        self._body = ""

    def run(self, lines: Sequence[tuple[float, Side, str]]) -> Iterator[Spoken]:
        for side, group in groupby(lines, lambda line: line[1]):
            if side == "server":
                yield from self._replies(list(group))
            else:
                for at, _, text in group:
                    said = self._asked(at, text) if side == "client" else self._note(at, text)
                    if said:
                        yield said

    def _asked(self, at: float, text: str) -> Spoken:
        verb = text.partition(" ")[0].upper()
        self._verb = verb
        path = _PATH.search(text)
        if verb == ".":
            # A server may take DATA although it refused every recipient; a lone dot then ends it (RFC 2920 §3.1).
            self._verb = "." if self._body else "nothing"
            text, self._body = (f"… {self._body} bytes …\n." if self._body else text), ""
        return Spoken(at, "client", text, self._meaning(verb, text, path[1] if path else ""))

    def _meaning(self, verb: str, text: str, address: str) -> str:
        if verb in ("EHLO", "HELO"):
            return f"Hello, I am {text.partition(' ')[2]}"
        if verb == "MAIL":
            return f"I have a message from {self._name(address)}" if address else "I have a report nobody should answer"
        if verb == "RCPT":
            self._person = address
            return f"It is for {self._name(address)}"
        return _ASKED.get(self._verb, "")

    def _name(self, address: str) -> str:
        return self._names.get(address.casefold()) or address

    def _note(self, at: float, text: str) -> Spoken | None:
        if body := _BODY.match(text):
            self._body = f"{int(body[1]):,}"
            return None
        if found := _ENCRYPTED.match(text):
            return Spoken(at, "note", f"From here on nobody else can read along: TLS {found[1]}", "", "secure")
        self._verb = "" if text.startswith("Calling ") else self._verb
        return Spoken(at, "note", text, "")

    def _replies(self, lines: list[tuple[float, Side, str]]) -> Iterator[Spoken]:
        """Lines with a hyphen after the code belong to the reply that ends without one (RFC 5321 §4.2.1)."""
        reply: list[str] = []
        for at, _, text in lines:
            reply.append(text)
            if text[3:4] != "-" or not _REPLY.match(text):
                yield self._reply(at, reply)
                reply = []
        if reply:
            yield self._reply(lines[-1][0], reply)

    def _reply(self, at: float, lines: list[str]) -> Spoken:
        found = _REPLY.match(lines[0])
        if not found:
            return Spoken(at, "server", " · ".join(lines), "")
        code = found[1]
        words = [text for line in lines if (text := line[4:].strip())]
        text = f"{code} {' · '.join(words)}".strip()
        if code[0] in "45":
            person = self._person if self._verb == "RCPT" else ""
            return Spoken(at, "server", text, explain.reply(text, person).reason, "later" if code[0] == "4" else "no")
        if self._verb == "EHLO":
            return Spoken(at, "server", text, _abilities(words[1:]))
        return Spoken(at, "server", text, _GRANTED.get(self._verb, ""))


def _abilities(keywords: Sequence[str]) -> str:
    """What EHLO offered, as far as it means something to people."""
    offered = {word.partition(" ")[0].upper(): word.partition(" ")[2] for word in keywords}
    can = ["I can encrypt"] if "STARTTLS" in offered else []
    size = offered.get("SIZE", "")
    if size.isdigit() and int(size):
        can.append(f"I take up to {_size(int(size))}")
    return "Pleased to meet you" + (f". {', and '.join(can)}" if can else "")


def _size(octets: int) -> str:
    megabytes = octets / 1024**2
    return f"{megabytes:.0f} MB" if megabytes >= 1 else f"{octets / 1024:.0f} KB"
