"""Threads as IMAP shows them: REFERENCES and ORDEREDSUBJECT (RFC 5256 §3) and REFS.

All of it goes in rounds over lists, never by recursion: a chain of answers may be as long as the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mailserver.mail.basesubject import base_subject
from mailserver.mail.casemap import casemap

Algorithm = Literal["REFERENCES", "REFS", "ORDEREDSUBJECT"]

# As it stands in the answer: messages that follow each other, then the branches, each a thread; branches alone where
# the message that they answer is missing. `(3, 6, (4, 23), (44, 7, 96))`, `((3,), (5,))`.
Thread = tuple[Any, ...]

# Steps towards the root, for each message, that the search for loops may take in all. Only a forgery takes more.
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Item:
    """A message: its number as given back, ids without brackets, when it was written and when it came."""

    number: int
    message_id: str
    references: Sequence[str]
    subject: str
    sent: datetime
    at: datetime


def threads(items: Sequence[Item], algorithm: Algorithm) -> tuple[Thread, ...]:
    """The threads; `items` in the order of their numbers. Each number stands there once."""
    if algorithm == "ORDEREDSUBJECT":
        return _by_subject(items)
    roots = _pruned(_linked(items))
    _sort(roots)
    if algorithm == "REFERENCES":
        roots = _merged(roots)
        _sort(roots)
    else:
        roots.sort(key=_newest)
    return tuple(map(_written, roots))


def _by_subject(items: Sequence[Item]) -> tuple[Thread, ...]:
    """One thread for each base subject: the oldest message, and all others as answers to it."""
    groups: dict[str, list[int]] = {}
    for item in sorted(items, key=lambda item: item.sent):
        groups.setdefault(casemap(base_subject(item.subject)[0]), []).append(item.number)
    return tuple(
        tuple(group) if len(group) < 3 else (group[0], *((number,) for number in group[1:]))
        for group in groups.values()
    )


@dataclass(slots=True, eq=False)
class _Node:
    """A message, or the place of one that is only mentioned."""

    item: Item | None = None
    parent: _Node | None = None
    answered: bool = False


@dataclass(slots=True, eq=False)
class _Branch:
    """A message with its answers; without a message, those to one that is missing."""

    item: Item | None
    children: list[_Branch] = field(default_factory=list)


def _linked(items: Sequence[Item]) -> list[_Node]:
    """Steps 1 and 2: every message below the one it answers."""
    nodes: list[_Node] = []
    by_id: dict[str, _Node] = {}
    steps = [_STEPS * (len(items) + 1000)]

    def node_of(name: str) -> _Node:
        if name not in by_id:
            by_id[name] = _Node()
            nodes.append(by_id[name])
        return by_id[name]

    for item in items:
        node = node_of(item.message_id) if item.message_id else _Node(item)
        if node.item is not None:  # no id, or that of another message
            node = _Node()
            nodes.append(node)
        node.item = item
        before: _Node | None = None
        for name in item.references:
            mentioned = node_of(name)
            if before is not None and mentioned.parent is None:
                _link(mentioned, before, steps)
            before = mentioned
        if before is None or before is not node.parent:
            node.parent = None
            if before is not None:
                _link(node, before, steps)
    return nodes


def _link(child: _Node, parent: _Node, steps: list[int]) -> None:
    """Put `child`, which is nowhere, below `parent`, unless that closes a loop. What nothing answers closes none."""
    above: _Node | None = parent if child.answered or child is parent else None
    while above is not None and above is not child and steps[0] > 0:
        above = above.parent
        steps[0] -= 1
    if above is None:
        child.parent = parent
        parent.answered = True


def _pruned(nodes: Iterable[_Node]) -> list[_Branch]:
    """Step 3: answers to a message that is missing go up to the next that is there; only at the root one may miss."""
    children: dict[int, list[_Node]] = {}
    roots: list[_Branch] = []
    pending: list[tuple[_Node, _Branch]] = []
    for node in nodes:
        if node.parent is not None:
            children.setdefault(id(node.parent), []).append(node)
        else:
            roots.append(_Branch(node.item))
            pending.append((node, roots[-1]))
    while pending:
        node, branch = pending.pop()
        for child in children.get(id(node), ()):
            below = branch
            if child.item is not None:
                below = _Branch(child.item)
                branch.children.append(below)
            pending.append((child, below))
    shown = [root for root in roots if root.item or root.children]
    return [root.children[0] if not root.item and len(root.children) == 1 else root for root in shown]


def _sort(roots: list[_Branch]) -> None:
    """Steps 4 and 6: by the sent date, then by number. Only roots have no message: they go by their first answer."""
    for branch in _walk(roots):
        branch.children.sort(key=_age)
    roots.sort(key=_age)


def _age(branch: _Branch) -> tuple[datetime, int]:
    item = _first(branch)
    return item.sent, item.number


def _first(branch: _Branch) -> Item:
    item = branch.item or branch.children[0].item
    assert item is not None
    return item


def _newest(root: _Branch) -> datetime:
    return max(branch.item.at for branch in _walk([root]) if branch.item)


def _merged(roots: Sequence[_Branch]) -> list[_Branch]:
    """Step 5: threads of one base subject are one; `roots` are sorted."""
    found_of = {id(root): base_subject(_first(root).subject) for root in roots}
    subjects = {number: casemap(subject) for number, (subject, _) in found_of.items()}
    answers = {number for number, (_, marked) in found_of.items() if marked}
    table: dict[str, _Branch] = {}
    for root in roots:
        kept = table.setdefault(subjects[id(root)], root)
        if kept.item and (not root.item or (id(kept) in answers and id(root) not in answers)):
            table[subjects[id(root)]] = root
    found: dict[int, _Branch] = {}
    for root in roots:
        subject = subjects[id(root)]
        kept = table[subject]
        if not subject or kept is root:
            found[id(root)] = root
        elif not root.item:
            kept.children += root.children
        elif not kept.item or (id(root) in answers and id(kept) not in answers):
            kept.children.append(root)
        else:
            found.pop(id(kept), None)
            both = table[subject] = _Branch(None, [kept, root])
            found[id(both)] = both
    return list(found.values())


def _walk(branches: Iterable[_Branch]) -> Iterator[_Branch]:
    pending = list(branches)
    while pending:
        branch = pending.pop()
        yield branch
        pending += reversed(branch.children)


def _written(root: _Branch) -> Thread:
    top: list[Any] = []
    made: list[tuple[list[Any], list[Any], int]] = []
    pending = [(root, top)]
    while pending:
        branch, line = pending.pop()
        line += [branch.item.number] if branch.item else []
        while len(branch.children) == 1:
            (branch,) = branch.children
            line += [branch.item.number] if branch.item else []
        for child in branch.children:
            inner: list[Any] = []
            made.append((inner, line, len(line)))
            line.append(inner)
            pending.append((child, inner))
    for inner, line, place in reversed(made):
        line[place] = tuple(inner)
    return tuple(top)
