"""Reading a page, or columns of a whole folder, reads as many rows as are asked for, whatever the statistics say."""

from __future__ import annotations

import pytest
from django.db import connection

from mailserver.services import columns, entries, flagpicture, flags
from mailserver.store.exchange import Exchange
from tests.services.test_imapsearch_plans import read
from tests.store.test_marking_plans import explained
from tests.support.manymail import many

MANY, PAGE = 400, 20
QUESTIONS = {
    "page": lambda account, box: entries.rows(account.pk, box.pk, range(101, 101 + PAGE), ["flags", "envelope"]),
    "list": lambda account, box: entries.rows(account.pk, box.pk, range(1, 10 * PAGE, 10), ["flags", "size", "at"]),
    "sizes": lambda account, box: columns.columns(account.pk, box.pk, range(1, PAGE + 1), {"size", "at"}),
    "changes": lambda account, box: flagpicture.picture(account.pk, box.pk),
}


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [True, False], ids=["planned-before", "planned-after"])
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_it_reads_no_more_than_it_is_asked_for(alice, monkeypatch, question, kept):
    box = alice.mailboxes.get(special_use="inbox")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailboxmessage, message, mailbox, change, vanished")
    if kept:
        question(alice, box)
    many(alice, MANY, lambda number: f"text {number}", octets=100)
    flagpicture.picture(alice.pk, box.pk)
    flags.store(alice.pk, box.pk, ((200, 200 + PAGE - 1),), names=["\\Seen"], mode="add")
    noted, real = [], Exchange.add

    def add(self, statement, values=()):
        if "set_config" not in statement:
            noted.append((statement, values))
        return real(self, statement, values)

    monkeypatch.setattr(Exchange, "add", add)
    question(alice, box)
    (asked,) = noted
    # The runs asked for, the entries, and the messages, of which the plan tells twice.
    assert read(explained(*asked)) <= 4 * PAGE + 10
