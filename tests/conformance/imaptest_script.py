"""Reads the scripts of ImapTest: a header, then commands with the responses that must, must not, or may come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance.imaptest_match import Response, Values, expected, values

_LITERAL_BEGINS = re.compile(rb"(~?)\{\{\{\Z")
_COMMAND = re.compile(rb'(?:tag(\d+) )?(?:(ok|no|bad|"")(?: |\Z))?(.*)', re.DOTALL | re.IGNORECASE)
_STATES = ("nonauth", "auth", "created", "appended", "selected")


@dataclass
class Command:
    """`status` is how the tagged response must begin: `OK [READ-ONLY]`; () is anything."""

    line: int
    tag: int
    text: bytes
    status: Values | None


@dataclass
class Group:
    """Commands that are sent together, nearly always one, and what is said until all are answered."""

    connection: int
    commands: list[Command] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    @property
    def waiting(self) -> bool:
        """Whether the script has not yet said how each command is answered."""
        return any(command.status is None for command in self.commands)


@dataclass
class Script:
    """`messages` None: all of the mbox. `groups` are empty until `read`."""

    name: str
    capabilities: tuple[str, ...] = ()
    connections: int = 1
    state: str = "selected"
    messages: int | None = 0
    groups: list[Group] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)

    def reaches(self, state: str) -> bool:
        """Whether the connections are to be in this state, or beyond it, when the script begins."""
        return _STATES.index(self.state) >= _STATES.index(state)


def names(folder: Path) -> list[str]:
    """The scripts in the folder; without messages and papers."""
    found = (path.name.removesuffix(".txt") for path in folder.glob("*.txt"))
    return sorted(name for name in found if not name.endswith(".mbox") and name != "LICENSE")


def read(folder: Path, name: str) -> Script:
    header, _, body = (folder / f"{name}.txt").read_bytes().partition(b"\n\n")
    script = Script(name, letters=_letters(folder, name))
    for line in header.decode("ascii").split("\n"):
        if not line.startswith("#"):
            _set(script, *line.split(": ", 1))
    for number, line in _logical_lines(body, first=header.count(b"\n") + 3):
        _add(script, number, line)
    assert script.groups, f"{name} is empty"
    assert not script.groups[-1].waiting, f"the last command of {name} has no status"
    return script


def _letters(folder: Path, name: str) -> list[bytes]:
    own = folder / f"{name}.mbox.txt"
    mbox = (own if own.exists() else folder / "default.mbox.txt").read_bytes()
    return [letter.replace(b"\n", b"\r\n") for letter in re.split(rb"^From .*\n", mbox, flags=re.MULTILINE)[1:]]


def _set(script: Script, key: str, value: str) -> None:
    match key.strip().lower():
        case "capabilities":
            script.capabilities = tuple(value.upper().split())
        case "connections":
            script.connections = int(value)
        case "state":
            assert value in _STATES, value
            script.state = value
        case "messages":
            script.messages = None if value == "all" else int(value)
        case _:
            raise AssertionError(f"{script.name} has an unknown header {key!r}")


def _logical_lines(body: bytes, *, first: int) -> Iterator[tuple[int, bytes]]:
    """Without comments; what stands between `{{{` and `}}}` becomes a literal as on the wire."""
    lines = iter(enumerate(body.split(b"\n"), first))
    for number, line in lines:
        if not line or line.startswith(b"#"):
            continue
        while begins := _LITERAL_BEGINS.search(line):
            # Binary data says by itself which of its lines end in CRLF.
            octets, rest = _literal(lines, b"\n" if begins[1] else b"\r\n")
            line = line[: begins.start()] + b"%s{%d}\r\n%s" % (begins[1], len(octets), octets) + rest
        yield number, line


def _literal(lines: Iterator[tuple[int, bytes]], line_end: bytes) -> tuple[bytes, bytes]:
    """The octets, and what follows `}}}` on its line. The last line end belongs to the script."""
    found: list[bytes] = []
    for _, line in lines:
        if line.startswith(b"}}}"):
            return line_end.join(found), line[3:]
        found.append(line)
    raise AssertionError("a literal does not end")


def _add(script: Script, number: int, line: bytes) -> None:
    group = script.groups[-1] if script.groups else None
    if line[:2] in (b"* ", b"! ", b"? "):
        assert group, f"{script.name}:{number} belongs to no command"
        group.responses.append(expected(line))
        return
    connection = 1
    if script.connections > 1:
        digits, _, line = line.partition(b" ")
        connection = int(digits)
    found = _COMMAND.fullmatch(line)
    assert found
    if group is not None and group.waiting and found[2]:
        _finish(group, int(found[1] or 0), line)
        return
    if group is None or not group.waiting:
        group = Group(connection - 1)
        script.groups.append(group)
    status = values(found[2]) if found[2] and found[2] != b'""' else () if found[2] else None
    group.commands.append(Command(number, int(found[1] or 0), found[3], status))


def _finish(group: Group, tag: int, line: bytes) -> None:
    command = next(one for one in group.commands if one.tag == tag)
    assert command.status is None, f"line {command.line} has a status already"
    wanted = values(line)[1:] if tag else values(line)
    command.status = () if wanted == (b"",) else wanted
