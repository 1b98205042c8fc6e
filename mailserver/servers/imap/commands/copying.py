"""COPY and MOVE (RFC 9051 §6.4.7-8), with what became which UID (RFC 4315)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.errors import NotFound
from mailserver.mail import numbersets
from mailserver.mail.numbersets import runs_of
from mailserver.servers import bridge
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.servers.imap.targets import uids_of
from mailserver.services import folders, messages
from mailserver.services.folders import Folder
from mailserver.services.messages import Moved

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def copy(session: Session, command: commands.Copy) -> Done:
    view, target = session.selected, await _target(session, command.mailbox)
    uids = uids_of(session, command.messages)
    moved: list[Moved] = await bridge.run(
        messages.copy,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        uids=runs_of(uids),
        target_id=target.id,
    )
    if target.id == view.mailbox_id:
        await session.updates.sync(expunges=True, own=True)
    return Done("Copied.", _copyuid(target, moved))


async def move(session: Session, command: commands.Move) -> Done:
    view, target = session.selected, await _target(session, command.mailbox)
    if view.read_only:
        raise Refusal("This mailbox is read-only.", "CANNOT")
    uids = uids_of(session, command.messages)
    moved: list[Moved] = await bridge.run(
        messages.move,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        uids=runs_of(uids),
        target_id=target.id,
        anew=True,
    )
    if code := _copyuid(target, moved):
        # RFC 6851 §4.3: before the EXPUNGEs, so that the client can follow.
        session.say(f"OK [{code}] Moved.")
    await session.updates.sync(expunges=True, own=target.id == view.mailbox_id)
    if session.qresync and moved:
        return Done("Moved.", f"HIGHESTMODSEQ {view.modseq}")
    return Done("Moved.")


async def _target(session: Session, path: str) -> Folder:
    try:
        return await bridge.run(folders.by_path, account_id=session.account_id, path=path)
    except NotFound as error:
        raise Refusal("There is no such folder.", "TRYCREATE") from error


def _copyuid(target: Folder, moved: Sequence[Moved]) -> str:
    """Both sets ascend and correspond to each other (RFC 4315 §3)."""
    if not moved:
        return ""
    sources, targets = (runs_of(uids) for uids in zip(*((one.source_uid, one.uid) for one in moved), strict=True))
    return f"COPYUID {target.uidvalidity} {numbersets.write(sources)} {numbersets.write(targets)}"
