"""What the children print: kept in bounded files, the alarming lines shown on the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

# Two files of this size per child: the current one and the one before.
_FILE_BYTES = 4 * 1024 * 1024
_LINE_BYTES = 16 * 1024
_TAIL_LINES = 12
_ALARMS = 5
_ALARM_SECONDS = 10
_ALARM = re.compile(rb"\b(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b")


class Log:
    """The log file of one child and its last lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tail: deque[bytes] = deque(maxlen=_TAIL_LINES)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._turn()

    def write(self, line: bytes) -> None:
        if self._room < len(line):
            self._file.close()
            self._turn()
        self._room -= len(line)
        self._tail.append(line)
        # On a full disk the line is lost, but the reading goes on: a child would block on a full pipe.
        with contextlib.suppress(OSError):
            self._file.write(line)

    def tail(self) -> list[str]:
        """The last lines, decoded, without line ends."""
        return [line.decode(errors="replace").rstrip() for line in self._tail]

    def close(self) -> None:
        self._file.close()

    def _turn(self) -> None:
        if self.path.exists():
            self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("wb", buffering=0)
        self._room = _FILE_BYTES


class Alarms:
    """Shows the alarming lines of one child, so few that a flood of them hides nothing else."""

    def __init__(self, name: str, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._name = name
        self._say = say
        self._clock = clock
        self._shown = 0
        self._held_back = 0
        self._since = clock()

    def see(self, line: bytes) -> None:
        """Show the line when it is alarming and there was no flood of such lines."""
        if not alarming(line):
            return
        if self._clock() - self._since >= _ALARM_SECONDS:
            if self._held_back:
                self._say(f"{self._name}: {self._held_back} more such lines are in its log")
            self._shown, self._held_back, self._since = 0, 0, self._clock()
        if self._shown < _ALARMS:
            self._shown += 1
            self._say(f"{self._name}: {line.decode(errors='replace').rstrip()}")
        else:
            self._held_back += 1


def alarming(line: bytes) -> bool:
    """Whether the operator should see the line at once."""
    return _ALARM.search(line) is not None


async def follow(stream: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
    """Give every line of the stream to `take`, until its end; a longer line than 16 KB comes in pieces."""
    rest = b""
    while chunk := await stream.read(65536):
        *lines, rest = (rest + chunk).splitlines(keepends=True)
        if rest.endswith(b"\n") or len(rest) > _LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            take(line)
    if rest:
        take(rest + b"\n")
