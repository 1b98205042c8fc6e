"""Filing a message that begins a conversation looks at no more than it needs, whatever statistics say."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from mailserver.services import appending, imapappend, mailboxes
from mailserver.services.appending import Appended, Brought
from mailserver.store.exchange import _name
from mailserver.store.models import Account
from tests.store.test_marking_plans import nodes, statements
from tests.support.mail import message
from tests.support.manymail import many

MANY, FOLDERS = 300, 60
# Of one statement, the rows it writes with their indexes and foreign keys included.
PAGES = 120


def noted(monkeypatch: pytest.MonkeyPatch, account: Account, place: int | str, raw: bytes) -> list[Any]:
    """The statements of an append."""
    with statements(monkeypatch) as seen:
        if isinstance(place, str):
            imapappend.append(account.pk, place, [Appended(raw)])
        else:
            appending.put(account.pk, place, [Brought(raw)])
    return seen


def explained(statement: str, values: Any) -> dict[str, Any]:
    """The plan that is kept for a statement, and what it did."""
    given = f"({', '.join(map(_text, values))})" if values else ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {_name(statement).decode()}{given}")
        (plan,) = cursor.fetchone()[0]
    found: dict[str, Any] = plan["Plan"]
    return found


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


@pytest.mark.parametrize("kept", [True, False], ids=["planned-before", "planned-after"])
def test_it_looks_at_no_more_than_it_needs(alice, bob, monkeypatch, kept):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    archive = mailboxes.by_use(alice.pk, "archive").pk
    if kept:
        for place in (archive, "Archive"):
            noted(monkeypatch, alice, place, message())
    many(alice, MANY, lambda number: f"text {number}", octets=100)
    many(bob, MANY, lambda number: f"text {number}", octets=100)
    for number in range(FOLDERS):
        mailboxes.create(account_id=bob.pk, path=f"Folder {number}")
    for place in (archive, "Archive"):
        with transaction.atomic():
            for statement, values in noted(monkeypatch, alice, place, message()):
                if any(isinstance(value, bytes) for value in values):
                    # The octets, which are only written.
                    continue
                plan = explained(statement, values)
                pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                assert pages <= PAGES, (pages, statement, plan)
                for node in nodes(plan):
                    assert node["Node Type"] != "Seq Scan", (statement, node)
                    assert node.get("Rows Removed by Filter", 0) <= 12, (statement, node)
            transaction.set_rollback(True)
