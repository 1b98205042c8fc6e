"""APPEND of one message or several (RFC 9051 §6.3.12, RFC 3502): all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.errors import NotFound
from mailserver.mail.binaryparts import as_base64
from mailserver.mail.numbersets import runs_of, write
from mailserver.servers import bridge
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.services import folders, imapappend
from mailserver.services.appending import Appended
from mailserver.services.folders import Folder
from mailserver.services.imapappend import Put

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def append(session: Session, command: commands.Append) -> Done:
    if sum(message.data.data.size for message in command.messages) > session.site.limits.in_memory:
        # Nobody waits for a turn to hear that there is no such folder.
        await target(session, command.mailbox)
        async with session.site.turns:
            put = await _put(session, command, bridge.run)
    else:
        async with session.site.appends.of(session.account_id):
            put = await _put(session, command, bridge.run_filing)
    await _tell(session, put)
    return Done("Taken.", f"APPENDUID {put.uidvalidity} {write(runs_of(put.uids))}")


async def target(session: Session, path: str) -> Folder:
    """Where to append. Raises Refusal with TRYCREATE."""
    try:
        return await bridge.run(folders.by_path, account_id=session.account_id, path=path)
    except NotFound as error:
        raise _missing() from error


def _missing() -> Refusal:
    return Refusal("There is no such folder.", "TRYCREATE")


def appended(message: commands.NewMessage) -> Appended:
    """The message for the store. Raises StoreFull.

    NUL comes in literal8 only (RFC 3516 §4.4), in parts that every client can read once they are base64. In another
    literal it is what a careless client has: the octets are kept as they are.
    """
    raw = message.data.data.take()
    if message.data.binary:
        raw = as_base64(raw)
    return Appended(raw=_with_crlf(raw), names=message.flags, at=message.at)


def _with_crlf(raw: bytes) -> bytes:
    """Lines end with CRLF in the store, whatever the client wrote."""
    if raw.count(b"\n") == raw.count(b"\r\n"):
        return raw
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def _put(session: Session, command: commands.Append, run: bridge.Run) -> Put:
    view = session.view
    try:
        return await run(
            imapappend.append,
            account_id=session.account_id,
            path=command.mailbox,
            appended=[appended(message) for message in command.messages],
            selected=view.mailbox_id if view is not None and not view.read_only else 0,
        )
    except NotFound as error:
        raise _missing() from error


async def _tell(session: Session, put: Put) -> None:
    """What the selected mailbox has to tell."""
    view = session.view
    if view is None:
        return
    here = view.mailbox_id == put.mailbox_id
    if here:
        view.take_recent(put.first_recent, put.delta.uidnext)
    if here and view.modseq + 1 == put.delta.highestmodseq:
        # Each change has a modseq, so there was no other.
        await session.updates.tell(view.absorb(put.delta, expunges=True), own=True)
    else:
        await session.updates.sync_after(expunges=True, lazy=not here)
