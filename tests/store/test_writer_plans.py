"""Filing a message looks at no more than it needs, whatever the statistics say of the tables."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from mailserver.services import appending, mailboxes
from mailserver.services.appending import Brought
from mailserver.store.exchange import Exchange, _name
from mailserver.store.models import Account
from tests.store.test_marking_plans import emptied, nodes
from tests.support.mail import message
from tests.support.manymail import many

MANY, FOLDERS = 300, 60
# Of one statement, the rows it writes with their indexes and foreign keys included.
PAGES = 120


def noted(monkeypatch: pytest.MonkeyPatch, account: Account, place: int | str, raw: bytes) -> list[Any]:
    """The statements of an append, which is taken back."""
    seen, real = [], Exchange.add

    def add(self: Exchange, statement: str, values: Any = ()) -> Any:
        seen.append((statement, values))
        return real(self, statement, values)

    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(Exchange, "add", add)
        appending.put(account.pk, place, [Brought(raw)])
        transaction.set_rollback(True)
    return seen


def explained(statement: str, values: Any) -> dict[str, Any]:
    """The plan that is kept for a statement, and what it did."""
    written = [f"'\\x{value.hex()}'" if isinstance(value, bytes) else _text(value) for value in values]
    given = f"({', '.join(written)})" if written else ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {_name(statement).decode()}{given}")
        (plan,) = cursor.fetchone()[0]
    found: dict[str, Any] = plan["Plan"]
    return found


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


@pytest.mark.parametrize("kept", [True, False], ids=["planned-before", "planned-after"])
@pytest.mark.parametrize("bloated", [False, True], ids=["empty", "emptied"])
def test_it_looks_at_no_more_than_it_needs(alice, bob, monkeypatch, bloated, kept):
    if bloated:
        emptied(bob)
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
    appending.put(alice.pk, archive, [Brought(message(message_id="first@plans.test", subject="Plans"))])
    for place in (archive, "Archive"):
        for raw in (message(), message(reply_to="first@plans.test", subject="Re: Plans")):
            with transaction.atomic():
                for statement, values in noted(monkeypatch, alice, place, raw):
                    plan = explained(statement, values)
                    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                    assert pages <= PAGES, (pages, statement, plan)
                    for node in nodes(plan):
                        assert node["Node Type"] != "Seq Scan", (statement, node)
                        assert node.get("Rows Removed by Filter", 0) <= 12, (statement, node)
                transaction.set_rollback(True)
