"""STORE and UID STORE (RFC 9051 §6.4.6), with UNCHANGEDSINCE (RFC 7162 §3.1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.mail import numbersets
from mailserver.mail.numbersets import runs_of
from mailserver.servers import bridge
from mailserver.servers.imap import fetchplan, plainfetch
from mailserver.servers.imap.commands.fetch import send
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.grammar.attributes import Attribute
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.servers.imap.targets import uids_of
from mailserver.services import columns, flags

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def store(session: Session, command: commands.Store) -> Done:
    view = session.selected
    uids = uids_of(session, command.messages)
    if view.read_only:
        raise Refusal("This mailbox is read-only.", "CANNOT")
    if command.unchanged_since is not None:
        session.enabled.add("CONDSTORE")
    stored = await bridge.run_marking(
        flags.store,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        runs=runs_of(uids),
        names=command.flags,
        mode=command.mode,
        unchanged_since=command.unchanged_since,
    )
    await _tell(session, command, stored)
    if not command.silent:
        await _tell_unchanged(session, command, uids, stored)
    if stored.refused:
        refused = stored.refused if command.uid else view.numbers(list(numbersets.each(stored.refused)))
        return Done("Some had changed.", f"MODIFIED {numbersets.write(refused)}")
    return Done("Done.")


async def _tell(session: Session, command: commands.Store, stored: flags.Stored) -> None:
    """The new flags, or with .SILENT the modseqs alone where they count.

    What others changed before us the client has to hear all the same (RFC 9051 §6.4.6).
    """
    view, updates = session.selected, session.updates
    updates.hear(stored.modseq)
    if stored.count and (not command.silent or stored.modseq == view.modseq + 1):
        view.changed_here(stored.modseq)
    updates.tell_keywords(stored.keywords)
    items = [] if command.silent else [Attribute("FLAGS")]
    items += [Attribute("MODSEQ")] if session.condstore else []
    if items:
        plan = fetchplan.plan(items, uid=command.uid or session.qresync, modseq=False)
        await plainfetch.say(session, plan, columns.of_entries(stored.changed))


async def _tell_unchanged(session: Session, command: commands.Store, uids: Sequence[int], stored: flags.Stored) -> None:
    """The flags of those that were so already: the answer is that of a FETCH of all (RFC 9051 §6.4.6)."""
    if stored.count == len(uids):
        return
    told = {uid for _, group in stored.groups for uid in group.uids}
    left = [uid for uid in uids if uid not in told and not numbersets.holds(stored.refused, uid)]
    if left:
        items = [Attribute("FLAGS"), *([Attribute("MODSEQ")] if session.condstore else [])]
        await send(session, items, left, uid=command.uid or session.qresync)
