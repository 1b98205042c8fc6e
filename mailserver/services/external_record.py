"""Filing what was read at another server, and noting that it is done: one transaction, so that nothing doubles.

A message that lies here already is known by Message-ID, size and digest. It is filed a second time only as another
entry of the same message, when the other server has it in two folders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailserver.errors import OverQuota
from mailserver.mail.fingerprint import fingerprint
from mailserver.mail.message import Parsed, parse
from mailserver.net.remote_imap import Listed
from mailserver.services import duplicates, external_flags, external_folders, external_lease
from mailserver.services.duplicates import Copy
from mailserver.services.external_flags import bits
from mailserver.services.external_lease import Held
from mailserver.services.filing import Filing, file
from mailserver.services.recipients import room
from mailserver.store import blobs
from mailserver.store.models import Blob, ExternalFolder, ExternalMessage, MailboxMessage, Message
from mailserver.store.newentry import NewEntry
from mailserver.store.writer import MailboxWriter, writing

State = ExternalMessage.State

_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Brought:
    """A message of a folder there: its octets, why they did not come, or the row of the same message elsewhere."""

    listed: Listed
    raw: bytes = b""
    reason: str = ""
    twin: ExternalMessage | None = None


class _Arrival:
    """A message with octets on its way, and what becomes of it."""

    def __init__(self, account_id: int, listed: Listed, raw: bytes, blob: Blob) -> None:
        self.listed, self.blob = listed, blob
        self.parsed: Parsed = parse(raw)
        self.copy = Copy(account_id, self.parsed.message_id, blob.size, bytes(blob.digest))
        self.fingerprint = fingerprint(*self.copy[1:])
        self.state, self.message_id = State.KNOWN, 0

    @property
    def at(self) -> datetime:
        """INTERNALDATE, or what stands for it; never in the future, where it would stay on top of all lists."""
        now = timezone.now()
        return max(_EPOCH, min(now, self.listed.at or self.parsed.date or now))


def record(held: Held, folder: ExternalFolder, brought: Sequence[Brought], *, advance: bool = True) -> None:
    """File the messages and note each as done, in the order of their UIDs; `advance`: all before them are done too.

    Raises Lost; OverQuota when one has no room: those before it are filed.
    """
    # Reading and hashing come before the locks.
    raws = blobs.describe([item.raw for item in brought if item.raw])
    arrivals = [
        _Arrival(held.account_id, item.listed, item.raw, blob)
        for item, blob in zip((item for item in brought if item.raw), raws, strict=True)
    ]
    mailbox_id = external_folders.target(held.account_id, folder)
    with transaction.atomic():
        external_lease.lock(held)
        with writing([mailbox_id]) as writer:
            taken = _place(held, folder, arrivals, writer, mailbox_id)
        full = len(taken) < len(arrivals)
        first = arrivals[len(taken)].listed.uid if full else None
        _note(folder, [item for item in brought if first is None or item.listed.uid < first], taken, advance)
    if full:
        raise OverQuota("Your mailbox is full. Make room, then go on.")


def recognise(held: Held, folder: ExternalFolder, listed: Sequence[Listed]) -> list[Brought]:
    """Those of the messages that another folder has brought, known by the id the server gives them everywhere."""
    wanted = {item.remote_id: item for item in listed if item.remote_id}
    rows = ExternalMessage.objects.filter(folder__external_id=held.external_id, remote_id__in=list(wanted))
    twins = {row.remote_id: row for row in rows.exclude(state=State.FAILED).exclude(folder=folder)}
    return [Brought(wanted[number], twin=row) for number, row in twins.items()]


def _place(
    held: Held, folder: ExternalFolder, arrivals: Sequence[_Arrival], writer: MailboxWriter, mailbox_id: int
) -> list[_Arrival]:
    """File what is new; the arrivals up to the first that has no room."""
    seen = _Seen(held, folder, arrivals, mailbox_id)
    left, taken, new = room(held.account_id), [], []
    for arrival in arrivals:
        arrival.message_id = seen.known(arrival)
        if not arrival.message_id and not seen.was_here(arrival):
            left -= arrival.blob.size
            if left < 0:
                break
            arrival.state = State.IMPORTED
            again = seen.elsewhere(arrival)
            if again:
                arrival.message_id = again
            else:
                new.append(arrival)
            seen.note(arrival)
        taken.append(arrival)
    _file(held.account_id, new, [arrival for arrival in taken if arrival.state == State.IMPORTED], writer, mailbox_id)
    seen.settle(taken)
    return taken


class _Seen:
    """What is here already, of a group of arrivals."""

    def __init__(self, held: Held, folder: ExternalFolder, arrivals: Sequence[_Arrival], mailbox_id: int) -> None:
        prints = [arrival.fingerprint for arrival in arrivals]
        rows = ExternalMessage.objects.filter(folder__external_id=held.external_id, fingerprint__in=prints)
        self._here: dict[bytes, int] = {}
        self._other: set[bytes] = set()
        for number, print_, message_id in rows.values_list("folder_id", "fingerprint", "message_id"):
            if number == folder.pk:
                self._here[bytes(print_ or b"")] = message_id or self._here.get(bytes(print_ or b""), 0)
            else:
                self._other.add(bytes(print_ or b""))
        self._lying = duplicates.find({arrival.copy for arrival in arrivals}, own=True)
        entries = MailboxMessage.objects.filter(mailbox_id=mailbox_id, message_id__in=list(self._lying.values()))
        self._in_target = set(entries.values_list("message_id", flat=True))
        self._everything = folder.use == "all"
        self._first: dict[bytes, _Arrival] = {}

    def was_here(self, arrival: _Arrival) -> bool:
        """Whether this folder brought it before: under another UID, or twice."""
        return arrival.fingerprint in self._here or arrival.fingerprint in self._first

    def known(self, arrival: _Arrival) -> int:
        """The message here that makes this one a double, or 0."""
        lying = self._lying.get(arrival.copy, 0)
        if arrival.fingerprint in self._here:
            return self._here[arrival.fingerprint] or lying
        if lying in self._in_target or self._everything or arrival.fingerprint not in self._other:
            return lying
        return 0

    def elsewhere(self, arrival: _Arrival) -> int:
        """The message that another folder of the same server brought, and that lies here."""
        return self._lying.get(arrival.copy, 0) if arrival.fingerprint in self._other else 0

    def note(self, arrival: _Arrival) -> None:
        self._first.setdefault(arrival.fingerprint, arrival)

    def settle(self, taken: Sequence[_Arrival]) -> None:
        """Doubles within the group are the message that the first of them has become."""
        for arrival in taken:
            first = self._first.get(arrival.fingerprint)
            if first is not None and not arrival.message_id:
                arrival.message_id = first.message_id


def _file(
    account_id: int, new: Sequence[_Arrival], imported: Sequence[_Arrival], writer: MailboxWriter, mailbox_id: int
) -> None:
    marks = {arrival.listed.uid: external_flags.keywords(arrival.listed.flags) for arrival in imported}
    labels = external_flags.labels(account_id, (word for words in marks.values() for word in words))
    keywords = {uid: sorted({labels[word] for word in words if word in labels}) or None for uid, words in marks.items()}
    blobs.keep_now([arrival.blob for arrival in new])
    filings = [
        Filing(
            mailbox_id=mailbox_id,
            blob=arrival.blob,
            parsed=arrival.parsed,
            at=arrival.at,
            flags=bits(arrival.listed.flags),
            keywords=keywords[arrival.listed.uid],
        )
        for arrival in new
    ]
    again = [arrival for arrival in imported if arrival.message_id]
    for arrival, filed in zip(new, file(writer, filings), strict=True):
        arrival.message_id = filed.message_id
    rows = Message.objects.in_bulk([arrival.message_id for arrival in again])
    entries = [
        NewEntry(row.pk, row.thread_id, arrival.at, row.size, bits(arrival.listed.flags), keywords[arrival.listed.uid])
        for arrival in again
        if (row := rows.get(arrival.message_id))
    ]
    if entries:
        writer.add(mailbox_id, entries)


def _note(folder: ExternalFolder, brought: Sequence[Brought], taken: Sequence[_Arrival], advance: bool) -> None:
    """A row for each message that is done, and how far the folder has come."""
    by_uid = {arrival.listed.uid: arrival for arrival in taken}
    rows = [_row(folder, item, by_uid.get(item.listed.uid)) for item in brought]
    if not rows:
        return
    ExternalMessage.objects.bulk_create(rows)
    states = [row.state for row in rows]
    ExternalFolder.objects.filter(pk=folder.pk).update(
        last_uid=max(row.uid for row in rows) if advance else F("last_uid"),
        imported=F("imported") + states.count(State.IMPORTED),
        known=F("known") + states.count(State.KNOWN),
        failed=F("failed") + states.count(State.FAILED),
    )


def _row(folder: ExternalFolder, item: Brought, arrival: _Arrival | None) -> ExternalMessage:
    row = ExternalMessage(
        folder=folder, uidvalidity=folder.uidvalidity, uid=item.listed.uid, remote_id=item.listed.remote_id
    )
    if arrival is not None:
        row.state, row.fingerprint, row.message_id = arrival.state, arrival.fingerprint, arrival.message_id or None
    elif item.twin is not None:
        row.state, row.fingerprint, row.message_id = State.KNOWN, item.twin.fingerprint, item.twin.message_id
    else:
        row.state, row.reason = State.FAILED, item.reason[:300]
    return row
