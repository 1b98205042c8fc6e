"""What mail programs fetch of messages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.services import entries, flags, messages
from mailserver.store.models import Mailbox, MailboxMessage, Message, Vanished
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.support.statements import counted


@pytest.fixture
def inbox(alice) -> Mailbox:
    """With UIDs 1 to 5."""
    for _ in range(5):
        delivered(alice)
    return alice.mailboxes.get(special_use="inbox")


def fetch(account, box, uids, *columns: str, expunged: bool = False) -> list[entries.Entry]:
    return entries.rows(account.pk, box.pk, uids, columns, expunged=expunged)


def test_it_gives_what_is_asked_for_and_nothing_else(alice, inbox):
    flags.store(alice.pk, inbox.pk, ((2, 2),), names=["\\Seen", "Friends"], mode="add")
    row = MailboxMessage.objects.select_related("message").get(mailbox=inbox, uid=2)
    found = fetch(alice, inbox, [2], *entries.COLUMNS)[0]
    assert (found.uid, found.flags, found.keywords, found.modseq) == (2, Flag.SEEN, ("Friends",), row.modseq)
    assert found.names == ("\\Seen", "Friends")
    assert (found.at, found.saved_at, found.size) == (row.at, row.saved_at, row.message.size)
    assert (found.message_id, found.thread_id, found.blob) == (row.message_id, row.thread_id, row.message.blob_id)
    assert (found.prefix, found.header_block) == (bytes(row.message.prefix), bytes(row.message.header_block))
    assert found.head == bytes(row.message.blob.raw)
    assert (found.preview, found.parts) == (row.message.preview, row.message.parts)
    assert fetch(alice, inbox, [2]) == [entries.Entry(uid=2)]
    assert fetch(alice, inbox, [2], "modseq") == [entries.Entry(uid=2, modseq=row.modseq)]


def test_it_gives_the_finished_forms_as_octets(alice, inbox):
    Message.objects.update(envelope=b"(envelope)", body=b"(body)", bodystructure=b"(structure)")
    found = fetch(alice, inbox, [1], "envelope", "body", "bodystructure")[0]
    assert (found.envelope, found.body, found.bodystructure) == (b"(envelope)", b"(body)", b"(structure)")


@pytest.mark.parametrize("uids", [[1, 2, 3, 4, 5], [1, 3, 5], [1, 3, 9], [4], [9], []], ids=str)
def test_it_gives_those_that_are_there_in_order(alice, inbox, uids):
    messages.expunge(account_id=alice.pk, mailbox_id=inbox.pk, uids=[3])
    assert [entry.uid for entry in fetch(alice, inbox, uids, "flags")] == [uid for uid in uids if uid in {1, 2, 4, 5}]


def test_it_joins_the_message_only_for_a_column_that_needs_it(alice, inbox):
    with counted() as statements:
        fetch(alice, inbox, range(1, 6), "flags", "modseq", "at", "saved_at", "ids")
        fetch(alice, inbox, range(1, 6), "flags", "size")
    own, joined = [one for one in statements if "set_config" not in one]
    assert "JOIN" not in own
    assert "JOIN" in joined


def test_it_reads_what_was_expunged_as_long_as_it_is_kept(alice, inbox):
    size = fetch(alice, inbox, [2], "size")[0].size
    messages.expunge(account_id=alice.pk, mailbox_id=inbox.pk, uids=[2, 4])
    inbox.refresh_from_db()
    found = fetch(alice, inbox, [1, 2, 3], "flags", "modseq", "size", "at", expunged=True)
    assert [entry.uid for entry in found] == [1, 2, 3]
    assert (found[1].names, found[1].modseq, found[1].size) == ((), inbox.highestmodseq, size)
    assert found[1].at is not None
    Vanished.objects.update(message=None, until=timezone.now() - timedelta(days=1))
    assert [entry.uid for entry in fetch(alice, inbox, [1, 2, 3], "size", expunged=True)] == [1, 3]


def test_it_gives_nothing_of_another(alice, charlie, inbox):
    for expunged in (False, True):
        with pytest.raises(NotFound):
            fetch(charlie, inbox, [1, 2], "flags", expunged=expunged)


@pytest.mark.parametrize("start", [0, 3, 40, 100_000], ids=str)
@pytest.mark.parametrize("length", [0, 1, 50, 700, None], ids=str)
def test_it_slices_prefix_and_blob_as_one(alice, inbox, start, length):
    message = Message.objects.get(entries__mailbox=inbox, entries__uid=1)
    raw, entry = messages.raw(message), fetch(alice, inbox, [1], "blob", "prefix")[0]
    assert entry.prefix
    end = None if length is None else start + length
    assert entries.octets(entry.blob, entry.prefix, start, length) == raw[start:end]
