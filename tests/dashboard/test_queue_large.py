"""100,000 recipients wait and as many are done: the pages ask few questions and read by indexes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailserver.services import queue_list
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.services.queue_list import Filter
from mailserver.store.models import QueueEntry
from tests.support.lasting import lasting, settle
from tests.support.people import PASSWORD
from tests.support.queueing import queued

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FILL = """
WITH entry AS (
    INSERT INTO queueentry (reference, account_id, sender, blob_id, prefix, message_id, subject, size, eight_bit,
        smtputf8, require_tls, priority, envelope_id, full_return, not_before, created_at)
    SELECT 'R' || n, e.account_id, 'u' || n % 50 || '@crepes.fr', e.blob_id, '', '', '', 100, false, false,
        false, 0, '', false, e.not_before, e.created_at
    FROM generate_series(1, 20000) n, queueentry e WHERE e.id = %(entry)s RETURNING id
)
INSERT INTO queuerecipient (entry_id, address, domain, state, attempts, next_attempt_at, notify, original_recipient,
    reply_enhanced, reply_text, remote_host, remote_address, tls, suspect, finished_at)
SELECT entry.id, 'p' || k || '@d' || (entry.id * 10 + k) %% 1000 || '.example',
    'd' || (entry.id * 10 + k) %% 1000 || '.example',
    CASE WHEN k > 5 THEN CASE WHEN k = 6 THEN 'bounced' ELSE 'delivered' END
         WHEN k = 1 AND entry.id %% 10 = 0 THEN 'held' ELSE 'deferred' END,
    1, now() + k * interval '1 minute' + entry.id * interval '1 millisecond', '', '', '4.7.1', 'Later',
    '', '', '', false,
    CASE WHEN k > 5 THEN now() END
FROM entry, generate_series(1, 10) k
"""


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """To fill the queue takes longer than to look at it."""
    with lasting(django_db_blocker):
        add_domain("crowd.example", keys=False)
        entry = queued(create_account(address="alice@crowd.example", password=PASSWORD), "bob@hamburger.edu")
        with connection.cursor() as cursor:
            cursor.execute(FILL.replace("n % 50", "n %% 50"), {"entry": entry.pk})
            cursor.execute("ANALYZE queueentry, queuerecipient")
        assert QueueEntry.objects.count() == 20_001
        settle()
        yield


def test_a_page_asks_few_questions_however_much_waits(office, crowd):
    shown = ({}, *({"show": group} for group in ("held", "returned", "done")))
    for query in (*shown, {"domain": "d3.example"}, {"sender": "u7@crepes.fr"}):
        with CaptureQueriesContext(connection) as questions:
            answer = office.get("/admin/queue/", query)
        assert len(questions) <= 12, (query, questions.captured_queries)
        assert answer.content.decode().count("<tr>") > 90, query


def test_it_reads_by_indexes(crowd):
    under_way = Filter("waiting").rows().filter(state__in=queue_list.UNDER_WAY)
    assert "queuerecipient_sweep" in under_way.order_by("next_attempt_at", "id")[: queue_list.PAGE].explain()
    for wanted, index in (
        (Filter("deferred"), "queuerecipient_sweep"),
        (Filter("held"), "queuerecipient_held"),
        (Filter("returned"), "queuerecipient_returned"),
        (Filter("deferred", domain="d3.example"), "queuerecipient_due"),
    ):
        order = ("-finished_at", "-id") if wanted.group == "returned" else ("next_attempt_at", "id")
        rows = wanted.rows().order_by(*order)
        rows = rows.filter(finished_at__isnull=False) if wanted.group == "returned" else rows
        assert index in rows[: queue_list.PAGE].explain(), wanted


def test_the_destinations_take_few_questions(office, crowd, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        answer = office.get("/admin/queue/destinations/")
    assert answer.content.decode().count("<tr>") == 51
