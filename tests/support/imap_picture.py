"""What one mail program believes of its mailbox, made of nothing but what the server told it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailserver.mail import numbersets

_FETCH = re.compile(rb"(\d+) FETCH \((.*)\)\Z", re.DOTALL)
_VANISHED = re.compile(rb"VANISHED (\(EARLIER\) )?([\d:,]+)\Z")
_NUMBER = re.compile(rb"(\d+) (EXISTS|EXPUNGE|RECENT)\Z")
# Commands by number, while which no number may change (RFC 9051 §7.5.1).
_BY_NUMBER = ("FETCH", "STORE", "SEARCH", "SORT", "THREAD")


@dataclass
class Seen:
    """A message as the client knows it; None: it was not told."""

    uid: int | None = None
    flags: frozenset[str] | None = None
    modseq: int = 0


@dataclass
class Picture:
    """`messages[n - 1]` is number n. `qresync`: messages vanish by UID."""

    qresync: bool = False
    condstore: bool = False
    messages: list[Seen] = field(default_factory=list)

    def hear(self, line: bytes, command: str) -> None:
        """One untagged response, without `* `, to a command (or to none)."""
        if found := _NUMBER.match(line):
            self._count(int(found[1]), found[2], command)
        elif found := _VANISHED.match(line):
            self._vanish(found[2].decode(), earlier=bool(found[1]), command=command)
        elif found := _FETCH.match(line):
            self._fetched(int(found[1]), found[2])

    def _count(self, number: int, word: bytes, command: str) -> None:
        if word == b"EXISTS":
            assert number >= len(self.messages), f"{number} EXISTS where {len(self.messages)} were known"
            self.messages += [Seen() for _ in range(number - len(self.messages))]
        elif word == b"EXPUNGE":
            assert not self.qresync, "EXPUNGE after ENABLE QRESYNC"
            self._check_moment(command)
            assert 1 <= number <= len(self.messages), f"{number} EXPUNGE of {len(self.messages)}"
            del self.messages[number - 1]

    def _vanish(self, numbers: str, *, earlier: bool, command: str) -> None:
        assert self.qresync, "VANISHED without QRESYNC"
        gone = _uids(numbers)
        if not earlier:
            self._check_moment(command)
            known = {one.uid for one in self.messages}
            assert gone <= known, f"VANISHED {gone - known}, which were not there"
        self.messages = [one for one in self.messages if one.uid not in gone]

    def _check_moment(self, command: str) -> None:
        assert command.split(maxsplit=1)[0] not in _BY_NUMBER, f"messages go during {command}"

    def _fetched(self, number: int, items: bytes) -> None:
        assert 1 <= number <= len(self.messages), f"{number} FETCH of {len(self.messages)}"
        one = self.messages[number - 1]
        if found := re.search(rb"\bUID (\d+)", items):
            assert one.uid in (None, int(found[1])), f"number {number} is {one.uid} and not {int(found[1])}"
            one.uid = int(found[1])
        found = re.search(rb"\bMODSEQ \((\d+)\)", items)
        if found:
            assert int(found[1]) >= one.modseq, f"the modseq of {one.uid} falls from {one.modseq} to {int(found[1])}"
            one.modseq = int(found[1])
        if flags := re.search(rb"\bFLAGS \(([^)]*)\)", items):
            assert found or not self.condstore, f"flags without a modseq: {items!r}"
            one.flags = frozenset(flags[1].decode().split()) - {"\\Recent"}

    def uids(self) -> list[int]:
        return [one.uid for one in self.messages if one.uid is not None]

    def numbers(self, uids: set[int]) -> list[int]:
        return [at for at, one in enumerate(self.messages, 1) if one.uid in uids]


def _uids(numbers: str) -> set[int]:
    runs = [run.partition(":") for run in numbers.split(",")]
    return set(numbersets.each(tuple((int(low), int(high or low)) for low, _, high in runs)))
