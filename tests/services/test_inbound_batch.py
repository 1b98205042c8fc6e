"""A batch is filed as if its messages had come one after the other, with as many statements as for one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailserver.errors import OverQuota
from mailserver.services import conversations
from mailserver.services.inbound import Incoming, deliver, deliver_all
from mailserver.services.recipients import Local
from mailserver.services.routing import Onward
from mailserver.store.models import (
    Blob,
    Change,
    Event,
    Mailbox,
    MailboxMessage,
    Message,
    QueueEntry,
    Thread,
    ThreadBox,
    ThreadReference,
)
from tests.support.mail import message
from tests.support.statements import counted

BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REFERENCE = re.compile(rb"id [A-Z2-7]{12}")


def to(*accounts, raw: bytes | None = None, **parts: str) -> Incoming:
    people = tuple(Local(account.pk, account.address) for account in accounts)
    return Incoming(raw=raw or message(**parts), sender="bob@hamburger.edu", recipients=people, helo="hamburger.edu")


# A message of the pool is (number, the one it answers, subject); the same triple makes the same octets.
pool = st.tuples(st.integers(0, 5), st.none() | st.integers(0, 5), st.sampled_from(["Menu", "Re: Menu", "Oven"]))
arrivals = st.lists(
    st.tuples(pool, st.sets(st.integers(0, 2), min_size=1), st.booleans(), st.booleans()), min_size=1, max_size=12
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=arrivals)
def test_it_leaves_the_same_tables_as_one_by_one(alice, bob, charlie, drawn):
    batch = [_incoming(index, one, (alice, bob, charlie)) for index, one in enumerate(drawn)]
    together = _after(lambda: deliver_all(batch))
    assert together == _after(lambda: [deliver(incoming) for incoming in batch])


def _incoming(index: int, drawn: Any, people: Sequence[Any]) -> Incoming:
    (number, answered, subject), chosen, junk, elsewhere = drawn
    raw = message(
        message_id=f"pool{number}@x.example" if number else " ",
        reply_to=f"pool{answered}@x.example" if answered is not None else "",
        subject=subject,
    )
    onward = (Onward("ana@mill.pt", "mill.pt", ("all@crepes.fr",)),) if elsewhere else ()
    incoming = to(*(people[one] for one in sorted(chosen)), raw=raw)
    return replace(incoming, junk=junk, onward=onward, at=BEGAN + timedelta(minutes=index))


def _after(work: Callable[[], Any]) -> dict[str, Any]:
    """What the tables hold afterwards, in words that do not depend on ids; then all is taken back."""
    with transaction.atomic():
        stored = work()
        found = _tables() | {
            "answers": [[(one.recipient, one.uid, one.duplicate) for one in each.deliveries] for each in stored]
        }
        transaction.set_rollback(True)
    return found


def _tables() -> dict[str, Any]:
    ranks = {pk: rank for rank, pk in enumerate(Thread.objects.order_by("id").values_list("pk", flat=True))}
    entries = MailboxMessage.objects.select_related("message__blob").order_by("mailbox_id", "uid")
    return {
        "threads": list(Thread.objects.order_by("id").values_list("account_id", "base_subject")),
        "entries": [
            (row.mailbox_id, row.uid, row.at, row.flags, ranks[row.thread_id], *_content(row.message, ranks))
            for row in entries
        ],
        "lines": [
            (line.mailbox_id, ranks[line.thread_id], line.total, line.unseen, line.latest_at, line.participants)
            for line in ThreadBox.objects.order_by("mailbox_id", "thread_id")
        ],
        "mentioned": sorted(
            (row.account_id, row.digest, ranks[row.thread_id]) for row in ThreadReference.objects.all()
        ),
        "counters": list(Mailbox.objects.order_by("id").values_list("id", "uidnext", "total", "unseen", "size")),
        "changed": {box: sorted(_changed(box)) for box in Mailbox.objects.values_list("id", flat=True)},
        "blobs": sorted(bytes(blob.digest) for blob in Blob.objects.all()),
        "queued": sorted(QueueEntry.objects.values_list("message_id", "sender")),
        "events": sorted(
            (row.kind, row.account_id or 0, row.recipient, row.at, str(row.detail))
            for row in Event.objects.exclude(kind=Event.Kind.QUEUED)
        ),
    }


def _content(row: Message, ranks: dict[int, int]) -> tuple[Any, ...]:
    prefix = REFERENCE.sub(b"id", bytes(row.prefix))
    header = (row.subject, row.from_name, row.from_address, row.recipients, row.message_id, row.references)
    return (*header, prefix, row.size, ranks[row.thread_id], bytes(row.blob.raw), row.parts, bytes(row.header_block))


def _changed(mailbox_id: int) -> set[int]:
    found = Change.objects.filter(mailbox_id=mailbox_id).values_list("uids", flat=True)
    return {uid for uids in found for uid in uids}


def test_the_statements_do_not_depend_on_the_number_of_messages(alice, bob, charlie):
    costs = []
    for count in (1, 5, 60):
        batch = [to(alice, bob, charlie) for _ in range(count)]
        with counted() as statements:
            deliver_all(batch, within_quota=True)
        costs.append(len(statements))
    assert len(set(costs)) == 1
    assert costs[0] <= 19


def test_a_batch_is_one_change_of_a_folder(alice):
    deliver_all([to(alice) for _ in range(3)])
    (change,) = Change.objects.filter(mailbox__account=alice)
    assert change.uids == frozenset({1, 2, 3})


def test_it_files_a_message_once_that_comes_twice_in_a_batch(alice):
    raw = message(message_id="once@hamburger.edu")
    first, second = deliver_all([to(alice, raw=raw), to(alice, raw=raw)])
    assert not first.deliveries[0].duplicate
    assert second.deliveries[0].duplicate
    assert second.deliveries[0].message_id == first.deliveries[0].message_id
    assert (Message.objects.count(), Blob.objects.count()) == (1, 1)


def test_what_a_batch_files_counts_against_the_room(alice):
    alice.quota = 1500
    alice.save()
    body = "x" * 500 + "\r\n"
    with pytest.raises(OverQuota):
        deliver_all([to(alice, body=body), to(alice, body=body)], within_quota=True)
    assert not Blob.objects.exists()
    deliver_all([to(alice, body=body)], within_quota=True)


def test_a_conversation_is_bounded_inside_a_batch(alice, monkeypatch):
    monkeypatch.setattr(conversations, "MAX_MESSAGES", 4)
    batch = [to(alice, message_id=f"m{n}@x.example", reply_to="root@x.example", subject="Menu") for n in range(10)]
    deliver_all(batch)
    threads = list(Message.objects.order_by("id").values_list("thread_id", flat=True))
    assert sorted(threads.count(thread) for thread in set(threads)) == [2, 4, 4]
