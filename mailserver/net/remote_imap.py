"""Reading a mailbox at another server that somebody named, by IMAP.

The host is resolved once, every address must be allowed, and the connection goes to the address that was checked
while TLS verifies the name: a name that resolves differently the second time (DNS rebinding) gains nothing. Nothing is
said in clear but STARTTLS. Folders are opened read-only and bodies peeked at: nothing changes there.
"""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import imap_utf7

from mailserver.mail import specialuse
from mailserver.net.imap_wire import MAX_LINE, TooMuch
from mailserver.net.internet import is_public
from mailserver.net.remote_session import Client, address
from mailserver.net.remote_trouble import Place, Refused, plainly

SESSION_SECONDS = 600.0
# Of flags, dates and sizes; no server needs a tenth of it.
_OCTETS_PER_LINE = 64 * 1024
_SLACK = 1024 * 1024
_MAX_UID = 2**32


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """`wire` is the name to ask for, `name` the one to read, levels separated by /; `use` as in mail/specialuse.py."""

    wire: str
    name: str
    use: str


@dataclass(frozen=True, slots=True)
class Opened:
    """`uidvalidity` is 0 when the server gives none, with which nothing can be gone on with."""

    uidvalidity: int
    total: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as the server lists it. `remote_id` is the same in all folders, "" when the server has no such."""

    uid: int
    size: int
    flags: tuple[str, ...]
    at: datetime | None
    remote_id: str


@contextmanager
def connect(
    place: Place,
    *,
    allowed: Callable[[str], bool] = is_public,
    alive: Callable[[], None] = lambda: None,
    seconds: float = SESSION_SECONDS,
) -> Iterator[Remote]:
    """A session of at most `seconds` in all. Raises RemoteTrouble. `alive` is called while octets come."""
    with plainly(place):
        client = Client(place, address(place, allowed), alive, seconds)
    try:
        with plainly(place):
            client.enter()
        yield Remote(place, client)
    except BaseException:
        client.hang_up()
        raise
    else:
        with suppress(imaplib.IMAP4.error, OSError, TooMuch):
            client.logout()
        client.hang_up()


class Remote:
    def __init__(self, place: Place, client: Client) -> None:
        self._place, self._client = place, client
        known = client.has_capability
        self._id = "X-GM-MSGID" if known("X-GM-EXT-1") else "EMAILID" if known("OBJECTID") else ""

    def folders(self) -> list[RemoteFolder]:
        """All that can hold messages: Inbox first; `all` last, so that it brings only what no other folder has."""
        with plainly(self._place):
            self._client.wire.allow(MAX_LINE)
            listed = [_folder(*item) for item in self._client.list_folders()]
        selectable = [(folder, marks) for folder, marks in listed if specialuse.is_selectable(marks)]
        taken = {folder.use for folder, _ in selectable}
        found = []
        for folder, _ in selectable:
            use = folder.use or specialuse.by_name(folder.name, taken)
            taken.add(use)
            if use != "view":
                found.append(RemoteFolder(folder.wire, folder.name, use))
        order = {"inbox": 0, "all": 2}
        return sorted(found, key=lambda folder: (order.get(folder.use, 1), folder.name.casefold()))

    def open(self, wire: str) -> Opened:
        """Go into a folder. Raises Refused when the server does not let us."""
        if not wire.isascii() or not wire.isprintable():
            raise Refused("The server gives this folder a name that IMAP does not allow.")
        with plainly(self._place):
            self._client.wire.allow(MAX_LINE)
            answer = self._client.select_folder(wire, readonly=True)
            number = int(answer.get(b"UIDVALIDITY", 0))
            return Opened(number if 0 < number < _MAX_UID else 0, int(answer.get(b"EXISTS", 0)))

    def uids(self, after: int) -> list[int]:
        """The UIDs above `after` in the open folder, ascending."""
        with plainly(self._place):
            self._client.wire.allow(2 * MAX_LINE)
            found = self._client.search(f"UID {after + 1}:*")
        # n:* also gives the last message when that is below n (RFC 9051 §9, "seq-range").
        return sorted({uid for uid in found if after < uid < _MAX_UID})

    def describe(self, uids: Sequence[int]) -> list[Listed]:
        """What the server says of these messages; those that are gone are left out."""
        items = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", *([self._id] if self._id else [])]
        with plainly(self._place):
            self._client.wire.allow(_SLACK + len(uids) * _OCTETS_PER_LINE)
            answer = self._client.fetch(list(uids), items)
            return [self._listed(uid, answer[uid]) for uid in uids if b"RFC822.SIZE" in answer.get(uid, {})]

    def contents(self, uids: Sequence[int], *, octets: int, largest: int) -> dict[int, bytes]:
        """The octets of these messages by UID, about `octets` in all. Those that are gone are left out.

        Raises Flooded when one is above `largest`, or all are far above what was said.
        """
        with plainly(self._place):
            self._client.wire.allow(2 * octets + _SLACK if len(uids) > 1 else largest + _SLACK, largest)
            answer = self._client.fetch(list(uids), ["BODY.PEEK[]"])
            return {uid: bytes(parts[b"BODY[]"] or b"") for uid, parts in answer.items() if b"BODY[]" in parts}

    def _listed(self, uid: int, parts: dict[bytes, Any]) -> Listed:
        given = parts.get(self._id.encode()) if self._id else None
        remote_id = given[0] if isinstance(given, tuple) and given else given
        text = remote_id.decode("ascii", "replace") if isinstance(remote_id, bytes) else str(remote_id or "")
        flags = tuple(flag.decode("ascii", "replace") for flag in parts.get(b"FLAGS", ()) if isinstance(flag, bytes))
        return Listed(uid, int(parts[b"RFC822.SIZE"]), flags, _in_utc(parts.get(b"INTERNALDATE")), text[:255])


def _folder(attributes: Sequence[bytes], delimiter: bytes | None, name: bytes | str) -> tuple[RemoteFolder, list[str]]:
    octets = name if isinstance(name, bytes) else name.encode()
    marks = [mark.decode("ascii", "replace") for mark in attributes]
    try:
        text = imap_utf7.decode(octets) if octets.isascii() else octets.decode("utf-8", "replace")
    except (ValueError, AttributeError):
        text = octets.decode("ascii", "replace")
    separator = (delimiter or b"").decode("ascii", "replace")
    if separator and separator != "/":
        text = text.replace("/", "_").replace(separator, "/")
    use = specialuse.by_attribute(marks) or ("inbox" if text.upper() == "INBOX" else "")
    return RemoteFolder(octets.decode("latin-1")[:1000], text.replace("\0", "_")[:1000], use), marks


def _in_utc(at: object) -> datetime | None:
    if not isinstance(at, datetime):
        return None
    try:
        return at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
