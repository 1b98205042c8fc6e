"""What the rules and the words look at: a message read once, in bounded amounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from mailserver.mail import bodies, htmltext, structure
from mailserver.mail.headers import Headers, of_message
from mailserver.mail.message import Parsed
from mailserver.mail.spam import links
from mailserver.mail.spam.links import Link

MAX_TEXT = 64 * 1024
MAX_PARTS = 5


@dataclass(frozen=True, slots=True)
class Passage:
    """How the message came to us. `here` is our own name; `stranger`: from a public address, thus not one of us.

    `forged`: it says that we passed it on before, and we know nothing of it.
    """

    at: datetime
    helo: str = ""
    here: str = ""
    stranger: bool = True
    forged: bool = False


class Letter:
    """A message for judging. Nothing here raises, whatever the octets are."""

    def __init__(self, raw: bytes, parsed: Parsed, passage: Passage) -> None:
        self.parsed = parsed
        self.passage = passage
        self._raw = raw

    @cached_property
    def headers(self) -> Headers:
        return of_message(self._raw)

    @cached_property
    def text(self) -> str:
        """What a reader sees, at most `MAX_TEXT` characters."""
        if self._plain:
            return self._plain
        return htmltext.quick(self.html, enough=MAX_TEXT, quotes=True)[:MAX_TEXT]

    @cached_property
    def html(self) -> str:
        return self._read("text/html")

    @cached_property
    def only_html(self) -> bool:
        """Nothing to read but HTML."""
        # In this order: plain text alone, as in most mail, is not read for it.
        return bool(self.html) and not self._plain.strip()

    @cached_property
    def links(self) -> tuple[Link, ...]:
        return links.find(self.html)

    @property
    def author(self) -> str:
        """The address in From, in lower case; "" when there is none."""
        return self.parsed.sender.address.lower() if self.parsed.sender else ""

    @property
    def author_domain(self) -> str:
        return self.author.rpartition("@")[2]

    @cached_property
    def _plain(self) -> str:
        return self._read("text/plain")

    def _read(self, kind: str) -> str:
        found = bodies.select(self.parsed.root)
        parts = [part for part in (found.plain if kind == "text/plain" else found.html) if part.type == kind]
        texts, left = [], MAX_TEXT
        for part in parts[:MAX_PARTS]:
            texts.append(structure.text(self._raw, part, limit=left)[:left])
            left -= len(texts[-1])
        return "\n".join(texts)
