"""Flags are changed as quickly where the tables were empty a moment ago, as the statistics still say."""

from __future__ import annotations

import pytest
from django.db import connection

from mailserver.services import mailboxes, messages
from mailserver.store import marking
from mailserver.store.entrysets import Marks
from mailserver.store.models import Mailbox
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message

MANY = 400


@pytest.mark.django_db
def test_a_plan_of_empty_tables_is_not_kept(alice, bob):
    """The statement may take 10 s; with the plan of empty tables it took 57 s for as many messages."""
    delivered(alice)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL statement_timeout = '10s'")
    box = mailboxes.by_use(bob.pk, Mailbox.Use.INBOX)
    first = messages.append(account_id=bob.pk, mailbox_id=box.pk, raw=message())
    marking.mark(bob.pk, box.pk, [first.uid], Marks(set=Flag.SEEN), labels=False)
    for number in range(MANY):
        messages.append(account_id=bob.pk, mailbox_id=box.pk, raw=message(message_id=f"{number}@crepes.fr"))
    marked = marking.mark(bob.pk, box.pk, range(1, MANY + 2), Marks(set=Flag.SEEN | Flag.FLAGGED), labels=False)
    assert len(marked.uids) == MANY + 1
