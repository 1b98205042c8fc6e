"""SORT and THREAD (RFC 5256, 5957), SORT with RETURN (RFC 5267) and MODSEQ (RFC 7162 §3.1.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mailserver.mail.threadtree import Thread
from mailserver.servers import bridge
from mailserver.servers.imap.commands.search import find, highest, keep
from mailserver.servers.imap.esearch import tell, told_of
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.responses import Done
from mailserver.services import imapsort, imapthread

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def sort(session: Session, command: commands.Sort) -> Done:
    view = session.selected
    found = await find(session, command.key)
    ordered: list[int] = await bridge.run(
        imapsort.ordered,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        uids=found,
        criteria=[(key.name, key.reverse) for key in command.order],
    )
    keep(session, ordered, command.returns)
    modseq = await highest(session, sorted(told_of(ordered, command.returns)), command.key)
    if command.returns is not None:
        tell(session, ordered, command.returns, uid=command.uid, modseq=modseq, ordered=True)
        return Done("That is all.")
    shown = ordered if command.uid else [view.number(uid) for uid in ordered]
    suffix = f" (MODSEQ {modseq})" if modseq else ""
    session.untagged(b"SORT", "".join(f" {number}" for number in shown).encode("ascii"), suffix.encode("ascii"))
    return Done("That is all.")


async def thread(session: Session, command: commands.Thread) -> Done:
    view = session.selected
    found = await find(session, command.key)
    trees = await bridge.run(
        imapthread.threads,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        uids=found,
        algorithm=command.algorithm,
    )
    number: Callable[[int], int] = int if command.uid else view.number
    session.untagged(b"THREAD", b" " if trees else b"", write_threads(trees, number).encode("ascii"))
    return Done("That is all.")


def write_threads(threads: Iterable[Thread], number: Callable[[int], int]) -> str:
    """`(2)(3 6 (4 23)(44 7 96))` (RFC 5256 §4). In rounds and not by recursion, as their depth has no limit."""
    written: list[str] = []
    pending: list[Any] = [*reversed(tuple(threads))]
    before = "("
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            piece = "("
            pending += [")", *reversed(part)]
        else:
            piece = part if isinstance(part, str) else str(number(part))
        # Blanks stand behind numbers only, and not at the end.
        written += [" ", piece] if before.isdigit() and piece != ")" else [piece]
        before = piece
    return "".join(written)
