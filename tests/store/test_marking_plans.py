"""Changing flags costs as much as is changed, whatever the statistics say of the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from mailserver.services import mailboxes, messages
from mailserver.store import marking
from mailserver.store.entrysets import Marks
from mailserver.store.exchange import Exchange, _name
from mailserver.store.models import Account, Label, Mailbox, MailboxMessage, Message, Thread
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.support.manymail import many

MANY, IN_ONE = 360, 12
# Pages that may be looked at for each message; a walk through a whole index would be hundreds for each.
PAGES = 60


def seed(account: Account) -> Mailbox:
    """Conversations of one message, and one of several that has a copy in the Archive."""
    many(account, MANY, lambda number: f"text {number}", octets=100)
    for number in range(IN_ONE):
        delivered(account, message_id=f"{number}@plans.test", reply_to="0@plans.test" if number else "", subject="Plan")
    box, archive = (mailboxes.by_use(account.pk, use) for use in (Mailbox.Use.INBOX, Mailbox.Use.ARCHIVE))
    messages.copy(account_id=account.pk, mailbox_id=box.pk, uids=[1, MANY + 1, MANY + 2], target_id=archive.pk)
    return box


def emptied(account: Account) -> None:
    """Pages of what was there, and no row."""
    many(account, 2000, lambda number: f"text {number}", octets=10)
    MailboxMessage.objects.all().delete()
    for model in (Message, Thread):
        model.objects.all().delete()


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is asked of the database inside, which is taken back."""
    seen, real = [], Exchange.add

    def add(self: Exchange, statement: str, values: Any = ()) -> Any:
        seen.append((statement, values))
        return real(self, statement, values)

    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(Exchange, "add", add)
        yield seen
        transaction.set_rollback(True)


def noted(monkeypatch: pytest.MonkeyPatch, account: Account, box: Mailbox, uids: Any, marks: Marks) -> list[Any]:
    """The statements of such a change."""
    with statements(monkeypatch) as seen:
        assert len(marking.mark(account.pk, box.pk, uids, marks, labels=True).uids) >= len(uids)
    return seen


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def explained(statement: str, values: Any) -> dict[str, Any]:
    """The plan that is kept for a statement, and what it did."""
    given = "(" + ", ".join(f"'{value}'" for value in values) + ")" if values else ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {_name(statement).decode()}{given}")
        found = cursor.fetchone()[0]
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


@pytest.mark.parametrize("kept", [True, False], ids=["planned-before", "planned-after"])
@pytest.mark.parametrize("bloated", [False, True], ids=["empty", "emptied"])
def test_it_looks_at_no_more_than_it_changes(alice, bob, monkeypatch, bloated, kept):
    delivered(bob)
    label = Label.objects.create(account=alice, keyword="Plans", name="Plans")
    marks = Marks(set=Flag.SEEN | Flag.FLAGGED, put=(label.pk,))
    starred = Marks(set=Flag.FLAGGED, put=(label.pk,))
    if bloated:
        emptied(bob)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    if kept:
        place = delivered(alice)
        for one in (marks, starred):
            noted(monkeypatch, alice, mailboxes.get(alice.pk, place.mailbox_id), [place.uid], one)
    box = seed(alice)
    for one in (marks, starred):
        scattered = [uid for uid in range(1, MANY + IN_ONE) if uid % 10]
        with transaction.atomic():
            for statement, values in noted(monkeypatch, alice, box, scattered, one):
                plan = explained(statement, values)
                pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                assert pages <= PAGES * len(scattered), (statement, plan)
                for node in nodes(plan):
                    assert node["Node Type"] not in ("Seq Scan", "Hash Join", "Merge Join"), (statement, node)
                    assert "Index" not in node["Node Type"] or node.get("Index Cond"), (statement, node)
                    assert node.get("Rows Removed by Filter", 0) <= IN_ONE, (statement, node)
            transaction.set_rollback(True)
