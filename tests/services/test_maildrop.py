from __future__ import annotations

from uuid import uuid4

import pytest

from mailserver.errors import MaildropInUse, NotFound, NotPermitted
from mailserver.services import mailboxes, maildrop, messages
from mailserver.store.models import Account, Change, MailboxMessage, MaildropLease, Message, Vanished
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message


@pytest.fixture
def reader(alice) -> Account:
    Account.objects.filter(pk=alice.pk).update(pop3=True)
    return alice


def test_it_is_the_inbox_alone_oldest_first(reader, bob):
    for subject in ("one", "two"):
        delivered(reader, subject=subject)
    delivered(bob)
    archive = mailboxes.by_use(reader.pk, "archive")
    messages.append(account_id=reader.pk, mailbox_id=archive.pk, raw=message())
    drop = maildrop.open_for(account_id=reader.pk)
    entries = MailboxMessage.objects.filter(mailbox=mailboxes.by_use(reader.pk, "inbox")).order_by("uid")
    assert list(drop.uids) == [1, 2]
    assert list(drop.sizes) == [len(messages.raw(entry.message)) for entry in entries]
    assert list(drop.message_ids) == [entry.message_id for entry in entries]


def test_it_is_closed_unless_the_account_wants_it(alice):
    with pytest.raises(NotPermitted):
        maildrop.open_for(account_id=alice.pk)
    assert not MaildropLease.objects.exists()


def test_one_has_it_at_a_time(reader):
    drop = maildrop.open_for(account_id=reader.pk)
    with pytest.raises(MaildropInUse):
        maildrop.open_for(account_id=reader.pk)
    assert maildrop.renew(mailbox_id=drop.mailbox_id, holder=drop.holder)
    assert not maildrop.renew(mailbox_id=drop.mailbox_id, holder=uuid4())
    assert not maildrop.release(mailbox_id=drop.mailbox_id, holder=uuid4())
    assert maildrop.release(mailbox_id=drop.mailbox_id, holder=drop.holder)
    assert maildrop.open_for(account_id=reader.pk).holder != drop.holder


def test_a_lease_that_ran_out_is_for_the_next_or_for_who_comes_back_first(reader):
    drop = maildrop.open_for(account_id=reader.pk)
    MaildropLease.objects.update(until="2026-01-01T00:00Z")
    assert maildrop.renew(mailbox_id=drop.mailbox_id, holder=drop.holder)
    with pytest.raises(MaildropInUse):
        maildrop.open_for(account_id=reader.pk)
    MaildropLease.objects.update(until="2026-01-01T00:00Z")
    maildrop.open_for(account_id=reader.pk)
    assert not maildrop.renew(mailbox_id=drop.mailbox_id, holder=drop.holder)


def test_it_finishes_all_at_once_and_only_for_who_has_it(reader):
    for _ in range(4):
        delivered(reader)
    drop = maildrop.open_for(account_id=reader.pk)
    stolen = maildrop.Maildrop(
        drop.account_id, drop.mailbox_id, uuid4(), drop.uidvalidity, drop.uids, drop.sizes, drop.message_ids
    )
    with pytest.raises(MaildropInUse):
        maildrop.finish(drop=stolen, deleted=[1], seen=[2])
    messages.expunge(account_id=reader.pk, mailbox_id=drop.mailbox_id, uids=[4])
    assert maildrop.finish(drop=drop, deleted=[1, 3, 4], seen=[1, 2]) == 2
    rows = MailboxMessage.objects.filter(mailbox_id=drop.mailbox_id).values_list("uid", "flags")
    assert list(rows) == [(2, Flag.SEEN)]
    assert set(Vanished.objects.values_list("uid", flat=True)) == {1, 3, 4}
    assert not MaildropLease.objects.exists()
    with pytest.raises(MaildropInUse):
        maildrop.finish(drop=drop, deleted=[2], seen=[])


def test_it_changes_nothing_when_nothing_was_done(reader):
    delivered(reader)
    changes = Change.objects.count()
    drop = maildrop.open_for(account_id=reader.pk)
    assert maildrop.finish(drop=drop, deleted=[], seen=[]) == 0
    assert Change.objects.count() == changes


def test_it_deletes_many_in_batches(reader, monkeypatch):
    monkeypatch.setattr(maildrop, "BATCH", 3)
    for _ in range(8):
        delivered(reader)
    drop = maildrop.open_for(account_id=reader.pk)
    assert maildrop.finish(drop=drop, deleted=list(drop.uids)[1:], seen=[]) == 7
    assert list(MailboxMessage.objects.values_list("uid", flat=True)) == [1]
    box = mailboxes.get(reader.pk, drop.mailbox_id)
    assert (box.total, box.unseen) == (1, 1)


@pytest.mark.parametrize("octets", [0, 1, maildrop.SLICE - 1, maildrop.SLICE, maildrop.SLICE * 2, 300_000])
def test_its_pieces_are_the_message(reader, octets):
    delivered(reader, message(body=("x" * 70 + "\r\n") * (octets // 72) + "y" * (octets % 72)))
    stored = Message.objects.get()
    piece = maildrop.first_piece(account_id=reader.pk, message_id=stored.pk)
    found = [piece.octets]
    while piece.octets:
        piece = maildrop.next_piece(blob_id=piece.blob_id, start=piece.end)
        found.append(piece.octets)
        assert len(piece.octets) <= maildrop.SLICE
    assert b"".join(found) == messages.raw(stored)


def test_it_gives_nobody_the_message_of_another(reader, bob):
    delivered(bob)
    with pytest.raises(NotFound):
        maildrop.first_piece(account_id=reader.pk, message_id=Message.objects.get().pk)
