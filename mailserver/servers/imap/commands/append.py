"""APPEND of one message or several (RFC 9051 §6.3.12, RFC 3502): all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.errors import NotFound
from mailserver.mail.binaryparts import as_base64
from mailserver.mail.numbersets import runs_of, write
from mailserver.servers import bridge
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.services import folders, messages
from mailserver.services.folders import Folder
from mailserver.services.messages import Appended

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def append(session: Session, command: commands.Append) -> Done:
    folder = await target(session, command.mailbox)
    large = sum(message.data.data.size for message in command.messages) > session.site.limits.in_memory
    if large:
        async with session.site.turns:
            uids = await _put(session, folder, command)
    else:
        uids = await _put(session, folder, command)
    return Done("Taken.", f"APPENDUID {folder.uidvalidity} {write(runs_of(uids))}")


async def target(session: Session, path: str) -> Folder:
    """Where to append. Raises Refusal with TRYCREATE."""
    try:
        return await bridge.run(folders.by_path, account_id=session.account_id, path=path)
    except NotFound as error:
        raise Refusal("There is no such folder.", "TRYCREATE") from error


def appended(message: commands.NewMessage) -> Appended:
    """The message for the store. Raises StoreFull.

    NUL comes in literal8 only (RFC 3516 §4.4), in parts that every client can read once they are base64. In another
    literal it is what a careless client has: the octets are kept as they are.
    """
    raw = message.data.data.take()
    if message.data.binary:
        raw = as_base64(raw)
    return Appended(raw=_with_crlf(raw), flags=message.flags, at=message.at)


def _with_crlf(raw: bytes) -> bytes:
    """Lines end with CRLF in the store, whatever the client wrote."""
    if raw.count(b"\n") == raw.count(b"\r\n"):
        return raw
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def _put(session: Session, folder: Folder, command: commands.Append) -> list[int]:
    return await bridge.run(
        messages.append_all,
        account_id=session.account_id,
        mailbox_id=folder.id,
        batch=[appended(message) for message in command.messages],
    )
