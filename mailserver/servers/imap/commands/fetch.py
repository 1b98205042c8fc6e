"""FETCH and UID FETCH (RFC 9051 §6.4.5): by chunks of messages, so that memory does not grow with the mailbox."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.mail.numbersets import runs_of
from mailserver.servers import bridge
from mailserver.servers.imap import fetchplan, plainfetch, rowfetch
from mailserver.servers.imap.bodies import BodyWriter
from mailserver.servers.imap.changedsince import changed, tell_vanished
from mailserver.servers.imap.fetchplan import Plan, Writer
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.grammar.attributes import Attribute, FetchItem, Preview
from mailserver.servers.imap.responses import Done, bad
from mailserver.servers.imap.targets import uids_of
from mailserver.servers.lines import EndOfStream
from mailserver.services import entries, flags
from mailserver.services.entries import Entry
from mailserver.services.flags import EntryFlags

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

logger = logging.getLogger(__name__)

# Messages asked for in one statement: the first answers of a large FETCH come at once, and later ones cost little.
_FIRST, _CHUNK = 200, 2000
# With a tree of parts for each.
_CHUNK_OF_BODIES = 50
_UNFLUSHED = 64 * 1024


async def fetch(session: Session, command: commands.Fetch) -> Done:
    if command.vanished and not (command.uid and session.qresync and command.changed_since is not None):
        raise bad("VANISHED is for UID FETCH with CHANGEDSINCE after ENABLE QRESYNC.")
    if command.changed_since is not None or Attribute("MODSEQ") in command.items:
        session.enabled.add("CONDSTORE")
    uids = uids_of(session, command.messages)
    if command.vanished:
        await tell_vanished(session, command)
    if command.changed_since is not None:
        uids = await changed(session, uids, command.changed_since)
    plan = fetchplan.plan(command.items, uid=command.uid or session.qresync, modseq=command.changed_since is not None)
    writer = Writer(session.recents, session.utf8)
    if plainfetch.fits(plan) and not session.selected.held:
        uids = await plainfetch.send(session, plan, uids)
    size = _CHUNK_OF_BODIES if plan.reads or "parts" in plan.columns else _FIRST
    at = 0
    while at < len(uids):
        await _send(session, plan, writer, uids[at : at + size])
        at += size
        size = size if size == _CHUNK_OF_BODIES else _CHUNK
    return Done("That is all.")


async def send(session: Session, items: Sequence[FetchItem], uids: Sequence[int], *, uid: bool = True) -> None:
    """FETCH responses of another command, or of none (NOTIFY)."""
    plan = fetchplan.plan(items, uid=uid, modseq=session.condstore)
    await _send(session, plan, Writer(session.recents, session.utf8), uids)


async def _send(session: Session, plan: Plan, writer: Writer, uids: Sequence[int]) -> None:
    view = session.selected
    sees = plan.sees and not view.read_only
    rows: list[Entry] = await (bridge.run_reading if len(uids) <= _FIRST else bridge.run)(
        entries.rows,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        uids=uids,
        columns=plan.columns | ({"flags", "modseq"} if sees else set()),
        # Others may have taken them out since; their octets are kept for sessions that have not heard of it.
        expunged=True,
    )
    unread = [row.uid for row in rows if "\\Seen" not in row.names] if sees else []
    seen = await _see(session, unread) if unread else {}
    rows = [_now(row, seen[row.uid]) if row.uid in seen else row for row in rows] if seen else rows
    if plan.is_simple:
        session.connection.say(rowfetch.write(plan, view, rows, writer))
        await session.flush()
        return
    bodies = BodyWriter(session)
    for entry in rows:
        await _send_one(session, plan, writer, bodies, entry, flags_too=entry.uid in seen)
    await session.flush()


async def _see(session: Session, uids: Sequence[int]) -> dict[int, EntryFlags]:
    """Mark messages as read; those that were not."""
    view = session.selected
    stored = await bridge.run_marking(
        flags.store,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        runs=runs_of(uids),
        names=("\\Seen",),
        mode="add",
        unchanged_since=None,
    )
    if stored.count:
        view.changed_here(stored.modseq)
    return {entry.uid: entry for entry in stored.changed}


def _now(entry: Entry, seen: EntryFlags) -> Entry:
    return entry._replace(flags=seen.flags, keywords=seen.keywords, modseq=seen.modseq)


async def _send_one(
    session: Session, plan: Plan, writer: Writer, bodies: BodyWriter, entry: Entry, *, flags_too: bool
) -> None:
    connection = session.connection
    mark = connection.mark()
    try:
        connection.say(b"* %d FETCH (" % session.selected.number(entry.uid))
        blank = b""
        for item in plan.items:
            connection.say(blank)
            blank = b" "
            if isinstance(item, Attribute):
                connection.say(writer.attribute(item.name, entry))
            elif isinstance(item, Preview):
                connection.say(fetchplan.preview(entry, utf8=writer.utf8))
            else:
                await bodies.write(item, entry)
    except Exception:
        # A tagged response inside of another one would be read as a part of the message.
        if not connection.take_back(mark):
            logger.exception("a message breaks off, and the session with it")
            raise EndOfStream from None
        raise
    if flags_too:
        _tell_seen(session, plan, writer, entry)
    connection.say(b")\r\n")
    if connection.waiting > _UNFLUSHED:
        await session.flush()


def _tell_seen(session: Session, plan: Plan, writer: Writer, entry: Entry) -> None:
    """What reading has changed (RFC 9051 §6.4.5, RFC 7162 §3.2.4)."""
    if Attribute("FLAGS") not in plan.items:
        session.connection.say(b" ", writer.flags(entry))
    if session.condstore and Attribute("MODSEQ") not in plan.items:
        session.connection.say(b" ", writer.attribute("MODSEQ", entry))
