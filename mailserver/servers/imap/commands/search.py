"""SEARCH and UID SEARCH (RFC 9051 §6.4.4), ESEARCH (RFC 4731), SEARCHRES (RFC 5182), MODSEQ (RFC 7162 §3.1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.errors import CorreioError
from mailserver.mail.numbersets import runs_of
from mailserver.mail.searchkeys import And, Key, ModSeq, Not, Numbers, Or, Uids
from mailserver.servers import bridge
from mailserver.servers.imap.esearch import tell, told_of
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.responses import Done, bad
from mailserver.services import entries, imapsearch
from mailserver.services.entries import Entry

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def search(session: Session, command: commands.Search) -> Done:
    if command.charset and "UTF8=ACCEPT" in session.enabled:
        # RFC 6855 §3.
        raise bad("After ENABLE UTF8=ACCEPT all text is UTF-8, and CHARSET must not be said.")
    try:
        found = await find(session, command.key)
    except CorreioError:
        # RFC 5182 §2.1: a search that fails leaves nothing behind.
        keep(session, (), command.returns)
        raise
    keep(session, found, command.returns)
    modseq = await highest(session, told_of(found, command.returns), command.key)
    if command.returns is None and not session.rev2:
        shown = found if command.uid else session.selected.each_number(found)
        suffix = f" (MODSEQ {modseq})" if modseq else ""
        # Twice as quick as numbers joined one by one.
        numbers = str(list(shown))[1:-1].replace(",", "")
        session.untagged(f"SEARCH {numbers}".rstrip().encode("ascii"), suffix.encode("ascii"))
    else:
        returns = frozenset({"ALL"}) if command.returns is None else command.returns
        tell(session, found, returns, uid=command.uid, modseq=modseq)
    return Done("That is all.")


async def find(session: Session, key: Key) -> list[int]:
    """UIDs of the view, ascending."""
    view = session.selected
    if _names_modseq(key):
        session.enabled.add("CONDSTORE")
    wanted = _in_uids(session, key)
    async with session.site.searches.of(session.account_id):
        found = await bridge.run(
            imapsearch.find,
            account_id=session.account_id,
            mailbox_id=view.mailbox_id,
            key=wanted,
            recent=view.recents,
        )
    # What came since the client was last told has no number yet.
    return view.known(found)


def keep(session: Session, found: Sequence[int], returns: frozenset[str] | None) -> None:
    """SAVE keeps what MIN and MAX alone would give (RFC 5182 §2.4)."""
    if returns is None or "SAVE" not in returns:
        return
    session.saved = sorted(told_of(found, returns))


async def highest(session: Session, found: Sequence[int], key: Key) -> int:
    """The highest modseq of what was found, when the search named MODSEQ."""
    if not found or not _names_modseq(key):
        return 0
    rows: list[Entry] = await bridge.run(
        entries.rows,
        account_id=session.account_id,
        mailbox_id=session.selected.mailbox_id,
        uids=found,
        columns=["modseq"],
    )
    return max((row.modseq for row in rows), default=0)


def _names_modseq(key: Key) -> bool:
    match key:
        case ModSeq():
            return True
        case Not(inner):
            return _names_modseq(inner)
        case Or(one, other):
            return _names_modseq(one) or _names_modseq(other)
        case And(keys):
            return any(map(_names_modseq, keys))
        case _:
            return False


def _in_uids(session: Session, key: Key) -> Key:
    """The key without numbers and `$`: what the session alone knows is put in. Raises Refusal."""
    match key:
        case Numbers(runs):
            uids = session.selected.of_numbers(runs)
            if uids is None:
                raise bad("There is no message with this number.")
            return Uids(runs_of(uids))
        case Uids(runs, saved):
            return Uids(runs_of(session.saved if saved else session.selected.of_uids(runs)))
        case Not(inner):
            return Not(_in_uids(session, inner))
        case Or(one, other):
            return Or(_in_uids(session, one), _in_uids(session, other))
        case And(keys):
            return And(tuple(_in_uids(session, one) for one in keys))
        case _:
            return key
