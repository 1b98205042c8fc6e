"""The dialogue of a delivery as its owner may read it: bounded, harmless, without secrets."""

from __future__ import annotations

import re
import time
from collections import deque
from typing import Literal

from mailserver.net.smtp_results import Line

MAX_LINES = 200
MAX_TEXT = 512

# The ending of a long dialogue tells more than its middle: it holds the verdict.
_TAIL = 60
_HEAD = MAX_LINES - _TAIL - 1

_SECRET = re.compile(r"^(AUTH\s+\S+)\s+\S.*", re.IGNORECASE | re.DOTALL)


class Transcript:
    """Collects lines; `lines()` gives at most `MAX_LINES`, with a note where some were left out."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._head: list[Line] = []
        self._tail: deque[Line] = deque(maxlen=_TAIL)
        self._added = 0

    def __len__(self) -> int:
        """Lines so far, those left out too."""
        return self._added

    def now(self) -> float:
        """Seconds since the start of the dialogue."""
        return time.monotonic() - self._start

    def client(self, text: str, at: float) -> None:
        self._add(at, "client", _SECRET.sub(r"\1 (hidden)", text) if text[:4].upper() == "AUTH" else text)

    def server(self, text: str) -> None:
        self._add(time.monotonic() - self._start, "server", text)

    def note(self, text: str) -> None:
        self._add(time.monotonic() - self._start, "note", text)

    def lines(self) -> list[Line]:
        left_out = self._added - len(self._head) - len(self._tail)
        if not left_out:
            return [*self._head, *self._tail]
        gap = Line(self._tail[0].at, "note", f"{left_out} lines left out")
        return [*self._head, gap, *self._tail]

    def _add(self, at: float, side: Literal["client", "server", "note"], text: str) -> None:
        line = Line(round(at, 6), side, (text if text.isprintable() else printable(text))[:MAX_TEXT])
        self._added += 1
        if len(self._head) < _HEAD:
            self._head.append(line)
        else:
            self._tail.append(line)


def printable(text: str) -> str:
    """`text` with control, format (BIDI) and other invisible characters written as escapes: `\\x07`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
