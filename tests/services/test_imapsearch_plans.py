"""Searches read each message a few times at most, where the statistics stem from empty tables too."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from mailserver.mail.searchkeys import BodyHas, HeaderHas, TextHas
from mailserver.services import messages, searchindex
from mailserver.services.appending import Appended
from tests.support.mail import message

pytestmark = pytest.mark.django_db

MANY = 300
KEYS = [
    HeaderHas("SUBJECT", "letter 1"),
    HeaderHas("FROM", "bob"),
    HeaderHas("TO", "alice"),
    HeaderHas("X-Mailer", "moon"),
    TextHas("letter"),
    BodyHas("nobodywrotethis"),
]


def read(plan: dict) -> float:
    """Rows that the scans of a plan went through."""
    below = sum(map(read, plan.get("Plans", ())))
    if "Scan" not in plan["Node Type"] or plan["Node Type"] == "CTE Scan":
        return below
    passed = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return below + passed * plan["Actual Loops"]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_each_message_is_read_a_few_times(alice, inbox, find, key):
    counts = []

    def explain(execute, sql, params, many, context):
        """Each statement is asked for its plan first, under the settings it will run with."""
        if "string_agg" in sql or sql.startswith("SELECT e.uid"):
            execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, params, many, context)
            (plan,) = context["cursor"].fetchone()
            counts.append(read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailboxmessage, message, searchdocument, searchpending, mailbox")
    messages.append_all(alice.pk, inbox.pk, [Appended(message(subject=f"Letter {n}")) for n in range(MANY)])
    while searchindex.index():
        continue
    with connection.execute_wrapper(explain):
        find(key)
    assert counts
    assert max(counts) <= 6 * MANY
