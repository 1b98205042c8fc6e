"""Thousands of messages in a second or two: one is parsed, the others are like it in every length."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import timedelta

from mailserver.services import messages
from mailserver.store import blobs
from mailserver.store.models import Account, Mailbox, Message, Thread
from mailserver.store.writer import NewEntry, writing
from tests.support.mail import message

# Few at once: while the statistics still say that the tables are empty, a statement over n conversations costs n².
_BATCH = 100


def many(account: Account, count: int, text: Callable[[int], str], *, octets: int = 1400) -> None:
    """Put `count` messages into the Inbox, one a conversation and an hour apart, newest first; `text` is ASCII."""
    box = account.mailboxes.get(special_use=Mailbox.Use.INBOX)
    place = messages.append(account_id=account.pk, mailbox_id=box.pk, raw=_raw(0, text(0), octets))
    like = Message.objects.get(pk=place.message_id)
    for start in range(1, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        with writing([box.pk]) as writer:
            stored = blobs.put([_raw(number, text(number), octets) for number in numbers])
            threads = Thread.objects.bulk_create(Thread(account=account) for _ in numbers)
            places = zip(numbers, stored, threads, strict=True)
            rows = [_row(like, number, blob.pk, thread.pk) for number, blob, thread in places]
            Message.objects.bulk_create(rows)
            writer.add(box.pk, [NewEntry(row.pk, row.thread_id, row.at, row.size) for row in rows])


def _raw(number: int, text: str, octets: int) -> bytes:
    return message(subject=f"Letter {number:08}", message_id=f"{number:08}@many.test", body=f"{text:{octets}.{octets}}")


def _row(like: Message, number: int, blob_id: int, thread_id: int) -> Message:
    row = copy(like)
    row._state = copy(like._state)
    row._state.adding = True
    row.pk, row.blob_id, row.thread_id = None, blob_id, thread_id
    row.at = like.at - timedelta(hours=number)
    row.subject = f"Letter {number:08}"
    row.header = like.header.replace("00000000", f"{number:08}", 1)
    row.message_id = f"{number:08}@many.test"
    row.envelope = bytes(like.envelope or b"").replace(b"00000000", f"{number:08}".encode())
    return row
