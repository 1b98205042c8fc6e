"""What a reader does with conversations: one order from a form, carried out through the services, and what to say.

A line is a conversation in one folder, written `<mailbox>-<thread>`; an act on it concerns its messages there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from mailserver.errors import InvalidName
from mailserver.services import mailboxes, messages, threads, undo
from mailserver.store.models import Mailbox
from mailserver.store.models.mailbox import Flag
from webmail.access import row_id
from webmail.rendering.shell import mailbox_name

Use = Mailbox.Use
MAX_LINES = 1000

# act: (flags to set, flags to clear, only the newest message, what the toast says)
_FLAGS: Mapping[str, tuple[int, int, bool, str]] = {
    "read": (Flag.SEEN, 0, False, "Marked {} as read"),
    "unread": (0, Flag.SEEN, True, "Marked {} as unread"),
    "star": (Flag.FLAGGED, 0, True, "Starred {}"),
    "unstar": (0, Flag.FLAGGED, False, "Took the star off {}"),
}
# act: (the folder's use, what the toast says)
_MOVES: Mapping[str, tuple[str, str]] = {
    "archive": (Use.ARCHIVE, "Archived {}"),
    "delete": (Use.TRASH, "Moved {} to Trash"),
    "spam": (Use.JUNK, "Reported {} as spam"),
    "notspam": (Use.INBOX, "Moved {} to Inbox"),
    "restore": (Use.INBOX, "Moved {} to Inbox"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a form asks for: `act` on `lines` (mailbox → threads); `target` is the folder of a move."""

    act: str
    lines: Mapping[int, Sequence[int]]
    target: int = 0

    @property
    def keys(self) -> list[tuple[int, int]]:
        return [(box, thread) for box, found in self.lines.items() for thread in found]

    @property
    def what(self) -> str:
        """'the conversation' or '3 conversations'."""
        number = len(self.keys)
        return "the conversation" if number == 1 else f"{number} conversations"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` for the toast, the step that takes it back (None: final), the folders whose counts changed."""

    text: str
    undo: int | None
    touched: frozenset[int]
    leaves: bool


def read_order(form: QueryDict) -> Order:
    """`one=<act> <line>` acts on that line alone, `do=<act>` on every `line` ticked. Raises InvalidName."""
    one = form.get("one", "").split(" ")
    words, lines = (one[:-1], one[-1:]) if len(one) > 1 else (form.get("do", "").split(" "), form.getlist("line"))
    act, target = words[0], row_id(words[1]) if len(words) > 1 else None
    by_box: dict[int, list[int]] = {}
    for line in lines[:MAX_LINES]:
        box, _, thread = line.partition("-")
        if not (box.isdecimal() and thread.isdecimal() and len(line) < 40):
            raise InvalidName("The form names a conversation that cannot exist.")
        by_box.setdefault(int(box), []).append(int(thread))
    known = act in _FLAGS or act in _MOVES or act == "erase" or (act == "move" and target is not None)
    if not known:
        raise InvalidName("The form asks for something this page does not do.")
    return Order(act, by_box, target or 0)


def perform(account_id: int, order: Order) -> Outcome:
    """Carry out an order. Raises NotFound for folders of others."""
    if order.act in _FLAGS:
        return _set_flags(account_id, order)
    if order.act == "erase":
        return _erase(account_id, order)
    if order.act == "move":
        target = mailboxes.get(account_id, order.target)
        return _move(account_id, order, target, "Moved {} to " + mailbox_name(target))
    use, text = _MOVES[order.act]
    return _move(account_id, order, mailboxes.by_use(account_id, use), text)


def _set_flags(account_id: int, order: Order) -> Outcome:
    add, remove, newest, text = _FLAGS[order.act]
    back = []
    for box, found in sorted(order.lines.items()):
        mailboxes.get(account_id, box)
        uids = threads.newest_uids(box, found) if newest else threads.uids(box, found)
        changed = messages.set_flags(account_id=account_id, mailbox_id=box, uids=uids, add=add, remove=remove)
        if changed:
            back.append((box, changed, remove, add))
    text = text.format(order.what)
    step = undo.record(account_id=account_id, title=text, flags=back).pk if back else None
    return Outcome(text, step, frozenset(order.lines), leaves=False)


def _move(account_id: int, order: Order, target: Mailbox, text: str) -> Outcome:
    back = []
    for box, found in sorted(order.lines.items()):
        mailboxes.get(account_id, box)
        moved = messages.move(account_id=account_id, mailbox_id=box, uids=threads.uids(box, found), target_id=target.pk)
        if moved:
            back.append((target.pk, box, [item.message_id for item in moved]))
    text = text.format(order.what)
    step = undo.record(account_id=account_id, title=text, moves=back).pk if back else None
    return Outcome(text, step, frozenset({*order.lines, target.pk}), leaves=True)


def _erase(account_id: int, order: Order) -> Outcome:
    for box, found in sorted(order.lines.items()):
        mailboxes.get(account_id, box)
        messages.expunge(account_id=account_id, mailbox_id=box, uids=threads.uids(box, found))
    return Outcome(f"Deleted {order.what} for good", None, frozenset(order.lines), leaves=True)
