"""Four mail programs at random, each with the picture the server gave it, against a model of the mailboxes.

After NOOP everywhere all pictures are equal to the model, and so is that of somebody who comes anew.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.support.imap_picture import Picture, Seen
from tests.support.imap_server import Client
from tests.support.mail import message as letter

BOXES = ("INBOX", "Archive")
FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "\\Answered", "Travel", "$Forwarded")
Flags = frozenset[str]


@dataclass
class Box:
    """What a mailbox holds: flags by UID, in UID order."""

    uidnext: int = 1
    messages: dict[int, Flags] = field(default_factory=dict)

    def add(self, flags: Flags) -> int:
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.messages[uid] = flags
        return uid


class Program:
    """One of the mail programs."""

    def __init__(self, client: Client, extension: str, boxes: dict[str, Box], dice: random.Random) -> None:
        self.client, self.extension, self.boxes, self.dice = client, extension, boxes, dice
        self.picture = Picture()
        self.remembered: dict[str, tuple[int, int, list[Seen]]] = {}
        self.highest: dict[str, int] = {}
        self.name = ""
        if extension:
            client.ok(f"ENABLE {extension}")
        self.select("INBOX")

    @property
    def box(self) -> Box:
        return self.boxes[self.name]

    def do(self, command: str | bytes) -> bytes:
        """Send it, take in all that is told, and give the tagged answer, which is OK."""
        *told, done = self.client.do(command)
        text = command if isinstance(command, str) else command.split(b"\r\n")[0].decode()
        for line in told:
            self.picture.hear(line.removeprefix(b"* "), text)
        assert done.startswith(b"OK"), f"{text!r} was answered {done!r}"
        self.told = told
        return done

    def select(self, name: str, *, resync: bool = False) -> None:
        if self.name and self.picture.condstore and all(one.uid for one in self.picture.messages):
            self.do("NOOP")
            self.remembered[self.name] = (self.validity, self.modseq(), list(self.picture.messages))
        known = self.remembered.get(name) if resync else None
        extended = bool(self.extension)
        self.picture = Picture(qresync=self.extension == "QRESYNC", condstore=extended)
        self.name = name
        if known is None or not self.picture.qresync:
            told = b"\n".join(self.client.ok(f"SELECT {name}"))
            self.picture.messages = [Seen() for _ in range(int(re.search(rb"(\d+) EXISTS", told)[1]))]
            self._note_counters(told)
            if self.picture.messages:
                self.do(f"FETCH 1:* (UID FLAGS{' MODSEQ' if extended else ''})")
            return
        validity, modseq, messages = known
        uids = {one.uid: one for one in messages}
        told_lines = self.client.ok(f"SELECT {name} (QRESYNC ({validity} {modseq}))")
        told = b"\n".join(told_lines)
        self._note_counters(told)
        self.picture.messages = list(uids.values())
        self._resync(told_lines, int(re.search(rb"(\d+) EXISTS", told)[1]))

    def _resync(self, told: list[bytes], exists: int) -> None:
        for line in told:
            if line.startswith(b"VANISHED"):
                self.picture.hear(line, "SELECT")
        left = len(self.picture.messages)
        assert left <= exists, f"{left} are left of what was known, and {exists} exist"
        self.picture.messages += [Seen() for _ in range(exists - left)]
        for line in told:
            if b" FETCH " in line:
                self.picture.hear(line, "SELECT")

    def _note_counters(self, told: bytes) -> None:
        self.validity = int(re.search(rb"UIDVALIDITY (\d+)", told)[1])
        highest = int(re.search(rb"HIGHESTMODSEQ (\d+)", told)[1])
        assert highest >= self.highest.get(self.name, 0), "HIGHESTMODSEQ falls"
        self.highest[self.name] = highest

    def modseq(self) -> int:
        """How far this program has been told of everything."""
        return max([self.highest[self.name], *(one.modseq for one in self.picture.messages)])

    def some(self) -> tuple[str, set[int]]:
        """Messages by number or by UID: the command's prefix with the set in it, and their UIDs."""
        uids = self.picture.uids()
        chosen = set(self.dice.sample(uids, min(len(uids), self.dice.choice((1, 1, 2, 5)))))
        if self.dice.random() < 0.5:
            return "UID {command} " + ",".join(map(str, sorted(chosen))), chosen
        return "{command} " + ",".join(map(str, self.picture.numbers(chosen))), chosen

    def flags(self) -> Flags:
        return frozenset(self.dice.sample(FLAGS, self.dice.choice((0, 1, 1, 2))))

    # What it does

    def append(self) -> None:
        name, flags, raw = self.dice.choice(BOXES), self.flags(), letter()
        done = self.do(f"APPEND {name} ({' '.join(flags)}) {{{len(raw)}+}}\r\n".encode() + raw)
        uid = self.boxes[name].add(flags)
        assert int(re.search(rb"APPENDUID \d+ (\d+)", done)[1]) == uid

    def store(self) -> None:
        what, chosen = self.some()
        mode, flags, silent = self.dice.choice(("+", "-", "")), self.flags(), self.dice.random() < 0.4
        since = ""
        if self.picture.condstore and self.dice.random() < 0.3:
            since = f"(UNCHANGEDSINCE {self.modseq()}) "
        if silent and not since:
            # The program knows what it does without being told.
            for one in self.picture.messages:
                if one.uid in chosen and one.flags is not None:
                    one.flags = changed(one.flags, mode, flags)
        form = f"{mode}FLAGS{'.SILENT' if silent and not since else ''} ({' '.join(flags)})"
        done = self.do(f"{what.format(command='STORE')} {since}{form}")
        refused = _refused(done, self.picture, by_uid=what.startswith("UID"))
        for uid in chosen - refused:
            if uid in self.box.messages:
                self.box.messages[uid] = changed(self.box.messages[uid], mode, flags)

    def copy(self) -> None:
        what, chosen = self.some()
        target = self.dice.choice(BOXES)
        self.do(f"{what.format(command='COPY')} {target}")
        self._put(chosen, target)

    def move(self) -> None:
        what, chosen = self.some()
        target = next(name for name in BOXES if name != self.name)
        self.do(f"{what.format(command='MOVE')} {target}")
        self._put(chosen, target)
        for uid in chosen:
            self.box.messages.pop(uid, None)

    def _put(self, chosen: set[int], target: str) -> None:
        # A copy is not deleted.
        copied = [self.box.messages[uid] - {"\\Deleted"} for uid in sorted(chosen) if uid in self.box.messages]
        uids = [self.boxes[target].add(flags) for flags in copied]
        told = b"\n".join([*self.told, b""])
        if found := re.search(rb"COPYUID \d+ \S+ ([\d:,]+)", told):
            assert found[1].decode().replace(":", ",").split(",")[0] == str(uids[0])

    def expunge(self) -> None:
        chosen = set(self.box.messages)
        if self.dice.random() < 0.5 and self.picture.uids():
            _, chosen = self.some()
            self.do(f"UID EXPUNGE {','.join(map(str, sorted(chosen)))}")
        else:
            self.do("EXPUNGE")
        for uid in chosen:
            if "\\Deleted" in self.box.messages.get(uid, ()):
                del self.box.messages[uid]

    def fetch(self) -> None:
        what, chosen = self.some()
        before = {uid: flags for uid, flags in self.box.messages.items() if uid in chosen}
        self.do(f"{what.format(command='FETCH')} (UID FLAGS{' MODSEQ' if self.picture.condstore else ''})")
        for one in self.picture.messages:
            if one.uid in before:
                assert one.flags == before[one.uid], f"FETCH of {one.uid}"

    def read(self) -> None:
        what, chosen = self.some()
        self.do(f"{what.format(command='FETCH')} (UID BODY[TEXT])")
        for uid in chosen & set(self.box.messages):
            self.box.messages[uid] |= {"\\Seen"}

    def search(self) -> None:
        known = set(self.picture.uids())
        wanted = {uid for uid, flags in self.box.messages.items() if "\\Flagged" in flags}
        self.do("SEARCH FLAGGED")
        (line,) = [line for line in self.told if line.startswith(b"* SEARCH")]
        found = {self.picture.messages[int(number) - 1].uid for number in line.split()[2:]}
        assert found - {None} == wanted & known

    def noop(self) -> None:
        self.do("NOOP")

    def reselect(self) -> None:
        self.select(self.dice.choice(BOXES), resync=True)
        self.check()

    def changed_since(self) -> None:
        if self.picture.condstore and self.picture.messages:
            vanished = " VANISHED" if self.picture.qresync else ""
            self.do("NOOP")
            self.do(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {max(1, self.modseq() - 5)}{vanished})")

    def check(self) -> None:
        """The picture is the model."""
        told = [(one.uid, one.flags) for one in self.picture.messages]
        real = list(self.box.messages.items())
        assert [flags for _, flags in told] == [flags for _, flags in real], f"{self.extension}: {told} is not {real}"
        assert all(uid in (None, real[at][0]) for at, (uid, _) in enumerate(told))


def changed(flags: Flags, mode: str, by: Flags) -> Flags:
    return flags | by if mode == "+" else flags - by if mode == "-" else by


def _refused(done: bytes, picture: Picture, *, by_uid: bool) -> set[int]:
    found = re.search(rb"MODIFIED ([\d:,]+)", done)
    if not found:
        return set()
    numbers: set[int] = set()
    for run in found[1].decode().split(","):
        low, _, high = run.partition(":")
        numbers |= set(range(int(low), int(high or low) + 1))
    return numbers if by_uid else {picture.messages[number - 1].uid or 0 for number in numbers}


STEPS: dict[str, int] = {
    "append": 6,
    "store": 8,
    "copy": 2,
    "move": 2,
    "expunge": 3,
    "fetch": 3,
    "read": 1,
    "search": 2,
    "noop": 4,
    "reselect": 1,
    "changed_since": 1,
}


def play(connect: Callable[..., Client], address: str, seed: int, steps: int) -> None:
    dice = random.Random(seed)
    boxes = {name: Box() for name in BOXES}
    programs = [Program(connect(address), extension, boxes, dice) for extension in ("", "", "CONDSTORE", "QRESYNC")]
    for step in range(steps):
        program = dice.choice(programs)
        (name,) = dice.choices([*STEPS], [*STEPS.values()])
        if not program.picture.uids() and name not in ("append", "noop", "reselect"):
            name = "append"
        try:
            getattr(program, name)()
            if step % 25 == 24:
                for one in programs:
                    one.noop()
                    one.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, step {step}, {program.extension or 'plain'} {name}: {error}") from error
    for one in programs:
        one.noop()
        one.check()
    for name in BOXES:
        fresh = Program(connect(address), "", boxes, dice)
        fresh.select(name)
        fresh.check()


@pytest.mark.parametrize("seed", [1, 2])
def test_pictures_agree(connect, bob, seed):
    play(connect, bob.address, seed, steps=150)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11, None], ids=["11", "any"])
def test_pictures_agree_for_long(connect, bob, seed):
    play(connect, bob.address, random.SystemRandom().randrange(2**32) if seed is None else seed, steps=1000)
