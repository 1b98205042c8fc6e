"""CHANGEDSINCE and VANISHED of FETCH (RFC 7162 §3.1.4, §3.2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.mail import numbersets
from mailserver.servers import bridge
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.services import selection

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def changed(session: Session, uids: Sequence[int], since: int) -> list[int]:
    """Those of the messages that changed after a modseq."""
    view = session.selected
    delta = await bridge.run(selection.changes, account_id=session.account_id, mailbox_id=view.mailbox_id, since=since)
    changed = {entry.uid for entry in delta.changed}
    return [uid for uid in uids if uid in changed]


async def tell_vanished(session: Session, command: commands.Fetch) -> None:
    """RFC 7162 §3.2.6."""
    runs = getattr(command.messages, "runs", ())
    known = numbersets.resolved(runs, numbersets.STAR - 1)
    vanished = await bridge.run(
        selection.vanished_since,
        account_id=session.account_id,
        mailbox_id=session.selected.mailbox_id,
        since=command.changed_since,
        known=known,
    )
    if vanished:
        session.say(f"VANISHED (EARLIER) {numbersets.write(vanished)}")
