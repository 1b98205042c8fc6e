"""SORT and THREAD (RFC 5256, 5957), SORT with RETURN (RFC 5267)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailserver.servers import bridge
from mailserver.servers.imap.commands.search import find, keep, tell
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
    keep(session, found, command.returns)
    if command.returns is not None:
        tell(session, ordered, command.returns, uid=command.uid, ordered=True)
        return Done("That is all.")
    shown = ordered if command.uid else [view.number(uid) for uid in ordered]
    session.untagged(b"SORT", "".join(f" {number}" for number in shown).encode("ascii"))
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
    number = (lambda uid: uid) if command.uid else view.number
    session.untagged(b"THREAD", b" " if trees else b"", write_threads(trees, number).encode("ascii"))
    return Done("That is all.")


def write_threads(trees: Sequence[Any], number: Any) -> str:
    """`(2)(3 6 (4 23)(44 7 96))`: a tree is (UID or None, its children)."""
    return "".join(f"({_inside(tree, number)})" for tree in trees)


def _inside(tree: Any, number: Any) -> str:
    """One thread without its outer parentheses. Long chains are followed without recursion."""
    words: list[str] = []
    node, children = tree
    while True:
        if node is not None:
            words.append(str(number(node)))
        if len(children) == 1 and node is not None:
            node, children = children[0]
            continue
        below = "".join(f"({_inside(child, number)})" for child in children)
        return " ".join([*words, *([below] if below else [])])
