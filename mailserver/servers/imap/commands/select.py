"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 §6.3.1-2, §6.4.1-2), and what a client knows already (RFC 7162)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.mail import numbersets
from mailserver.mail.numbersets import Runs
from mailserver.servers import bridge
from mailserver.servers.imap import responses
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.grammar import messagecommands as messages
from mailserver.servers.imap.responses import Done, bad
from mailserver.servers.imap.updates import SYSTEM_FLAGS
from mailserver.servers.imap.view import View
from mailserver.services import messages as store
from mailserver.services import selection

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def select(session: Session, command: commands.Select) -> Done:
    if command.qresync is not None and not session.qresync:
        raise bad("ENABLE QRESYNC first.")
    _change(session)
    if command.condstore:
        session.enabled.add("CONDSTORE")
    opened = await bridge.run(
        selection.opened, account_id=session.account_id, path=command.mailbox, read_only=command.read_only
    )
    session.view = view = View.of(opened, read_only=command.read_only)
    session.updates.tell_known_flags()
    permanent = () if command.read_only else (*SYSTEM_FLAGS, *sorted(view.keywords), "\\*")
    session.untagged(b"OK [PERMANENTFLAGS ", responses.flags(permanent), b"] Flags that are kept")
    session.say(f"{view.exists} EXISTS")
    if not session.rev2:
        session.say(f"{view.recent} RECENT")
    if opened.unseen is not None and not session.rev2:
        session.say(f"OK [UNSEEN {view.number(opened.unseen)}] First that was not read")
    session.say(f"OK [UIDVALIDITY {opened.uidvalidity}] UIDs are good")
    session.say(f"OK [UIDNEXT {opened.uidnext}] Next UID")
    session.say(f"OK [HIGHESTMODSEQ {opened.highestmodseq}] Highest")
    session.say(f"OK [MAILBOXID (F{opened.mailbox_id})] Id")
    if session.rev2:
        session.untagged(b'LIST () "/" ', responses.mailbox(opened.path, utf8=True))
    if command.qresync is not None and command.qresync.uidvalidity == opened.uidvalidity:
        await _catch_up(session, command.qresync)
    return Done("Selected.", "READ-ONLY" if command.read_only else "READ-WRITE")


def _change(session: Session) -> None:
    """The mailbox before is over, whether or not the next one can be opened (RFC 9051 §6.3.2)."""
    if session.view is not None and (session.condstore or session.utf8):
        session.say("OK [CLOSED] The mailbox before is closed.")
    session.leave()


async def _catch_up(session: Session, known: commands.Qresync) -> None:
    """What vanished and what changed since the client was here (RFC 7162 §3.2.5)."""
    view = session.selected
    uids = known.uids
    if uids is None and known.matches is not None:
        uids = _doubtful(view, known.matches)
    vanished: Runs = await bridge.run(
        selection.vanished_since,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        since=known.modseq,
        known=uids,
    )
    if vanished:
        session.say(f"VANISHED (EARLIER) {numbersets.write(vanished)}")
    delta = await bridge.run(
        selection.changes, account_id=session.account_id, mailbox_id=view.mailbox_id, since=known.modseq
    )
    for entry in delta.changed:
        if known.uids is None or numbersets.holds(known.uids, entry.uid):
            session.updates.tell_flags(entry, uid=True, modseq=True)


def _doubtful(view: View, matches: tuple[Runs, Runs]) -> Runs | None:
    """UIDs from the first on that no longer has the number the client remembers (RFC 7162 §3.2.5.2)."""
    sure = 0
    # One by one: the client may name all numbers there are.
    for number, uid in zip(numbersets.each(matches[0]), numbersets.each(matches[1]), strict=False):
        if view.number(uid) != number:
            break
        sure = uid
    return ((sure + 1, numbersets.STAR - 1),) if sure else None


async def close(session: Session, command: messages.Close) -> Done:
    """Expunges without telling; a mailbox that was only examined stays as it is."""
    view = session.selected
    session.leave()
    if not view.read_only:
        expunged = await bridge.run(
            store.expunge_deleted, account_id=session.account_id, mailbox_id=view.mailbox_id, uids=None
        )
        if session.qresync and expunged.runs:
            return Done("Closed.", f"HIGHESTMODSEQ {expunged.modseq}")
    return Done("Closed.")


async def unselect(session: Session, command: messages.Unselect) -> Done:
    session.leave()
    return Done("Closed, and everything is as it was.")
