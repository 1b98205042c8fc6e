"""What other servers took and the database does not know yet, in a file: a killed process leaves it to the next.

Between a server's 250 and the commit of its result a kill would have the message sent again. A line in a mapped file
outlives the process and costs microseconds: no call to the system, for which a thread must let go of the interpreter
and wait for it again. (Losing power may take the line too; an fsync for each message would not.)
"""

from __future__ import annotations

import errno
import fcntl
import logging
import mmap
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError

from mailserver.net.smtp_results import Report
from mailserver.services import queue, queue_record, queue_record_bulk
from mailserver.services.delivery_note import decoded, encoded
from mailserver.services.queue import Claim
from mailserver.store.models import DeliveryAttempt, QueueEntry

# Octets of a file. A full one gets no more lines; it goes when all of its own are in the database.
SIZE = 4 << 20

# Notes that are recorded in one transaction.
TOGETHER = 200

Key = tuple[uuid.UUID, int, int]

logger = logging.getLogger(__name__)

_recovering = threading.Lock()


def folder() -> Path:
    return Path(settings.CORREIO.data_dir) / "delivering"


@dataclass
class _Page:
    """One file, locked for as long as this process lives: lines, and a zero octet behind them.

    `open` are its notes that are not recorded yet, `end` is where the next one goes.
    """

    path: Path
    file: int
    octets: mmap.mmap
    end: int = 0
    open: int = 0

    @classmethod
    def made(cls) -> _Page:
        """Raises OSError."""
        folder().mkdir(mode=0o700, exist_ok=True)
        path = folder() / f"{uuid.uuid4().hex}.notes"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Room is taken now: where a disk is full, writing into a mapped file would end the process.
            os.posix_fallocate(file, 0, SIZE)
            fcntl.flock(file, fcntl.LOCK_EX)
            return cls(path, file, mmap.mmap(file, SIZE))
        except OSError:
            path.unlink(missing_ok=True)
            os.close(file)
            raise

    def takes(self, line: bytes) -> bool:
        return self.end + len(line) < SIZE

    def add(self, line: bytes) -> None:
        """The first octet last: until it stands, the zero in its place says that nothing follows."""
        after = self.end + len(line)
        self.octets[self.end + 1 : after + 1] = line[1:] + b"\0"
        self.octets[self.end] = line[0]
        self.end = after

    def clear(self) -> None:
        self.octets[0] = self.end = 0

    def close(self) -> None:
        self.octets.close()
        os.close(self.file)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.close()


class Notes:
    """The notes of this process. Used on one event loop."""

    def __init__(self) -> None:
        self._page: _Page | None = None
        self._open: dict[Key, _Page] = {}

    def add(self, claim: Claim, report: Report) -> None:
        """Note a try in which a server has taken the message. Without a place for it, mail goes out all the same."""
        line = encoded(claim, report)
        try:
            page = self._with_room_for(line)
        except OSError as trouble:
            logger.warning("not noted what was delivered; were this process killed, it would go twice: %s", trouble)
            return
        page.add(line)
        if (key := _key(claim)) not in self._open:
            page.open += 1
            self._open[key] = page

    def settle(self, claim: Claim) -> None:
        """It is recorded, or given up: the note has done its work."""
        page = self._open.pop(_key(claim), None)
        if page is None:
            return
        page.open -= 1
        if page.open:
            return
        if page is self._page:
            page.clear()
        else:
            page.remove()

    def leave(self, claim: Claim) -> None:
        """It cannot be recorded now, as the database is away: `recover` is to do it, for all of that file."""
        page = self._open.get(_key(claim))
        if page is None:
            return
        self._open = {key: other for key, other in self._open.items() if other is not page}
        if page is self._page:
            self._page = None
        page.close()

    def _with_room_for(self, line: bytes) -> _Page:
        if len(line) >= SIZE:
            raise OSError(errno.EFBIG, f"{len(line)} octets are too many for a note")
        if self._page is None or not self._page.takes(line):
            self._page = _Page.made()
        return self._page


def recover() -> int:
    """Record what processes noted that are no more; how many tries those were. Call it before leases are taken back.

    A note is of use even when its lease has ended, unless somebody else is at the message again by now.
    """
    done = 0
    with _recovering:
        for path in sorted(folder().glob("*.notes")):
            done += _recover(path)
    return done


def _recover(path: Path) -> int:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return 0  # another process was quicker
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # its process lives, or another one is at it
        lines = file.read().partition(b"\0")[0].splitlines()
        tries = list(_unknown([decoded(line) for line in lines]))
        for start in range(0, len(tries), TOGETHER):
            _record(tries[start : start + TOGETHER])
        path.unlink(missing_ok=True)
    if tries:
        logger.warning("recorded %d tries that a killed process had noted", len(tries))
    return len(tries)


def _unknown(tries: list[tuple[Claim, Report]]) -> Iterator[tuple[Claim, Report]]:
    """Those of which there is no attempt in the database. The last note of a try says most.

    A younger entry than its note is another message: the database was made anew, and its numbers begin again.
    """
    last = {_key(claim): (claim, report) for claim, report in tries}
    entries = {claim.entry_id for claim, _ in tries}
    since = dict(QueueEntry.objects.filter(pk__in=entries).values_list("pk", "created_at"))
    known = set(DeliveryAttempt.objects.filter(entry_id__in=entries).values_list("entry_id", "started_at"))
    for claim, report in last.values():
        made = since.get(claim.entry_id)
        if made and made <= report.started and (claim.entry_id, report.started) not in known:
            yield claim, report


def _record(tries: list[tuple[Claim, Report]]) -> None:
    queue.resume([claim for claim, _ in tries])
    for number in queue_record_bulk.record_all(tries):
        claim, report = tries[number]
        try:
            queue_record.record(claim, report)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("a noted try of queue entry %s cannot be recorded", claim.entry_id)


def _key(claim: Claim) -> Key:
    return claim.token, claim.entry_id, claim.recipients[0].recipient_id
