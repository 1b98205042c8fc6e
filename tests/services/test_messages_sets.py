"""Sets of messages moved, copied, expunged and brought at once, as IMAP does it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from mailserver.errors import InvalidName, NotFound, OverQuota
from mailserver.mail.numbersets import runs_of
from mailserver.services import flags, messages, quota
from mailserver.services.appending import Appended
from mailserver.store import entrysets
from mailserver.store.models import Blob, Change, Label, Mailbox, MailboxMessage, Message, ThreadBox, Vanished
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message
from tests.support.statements import counted

EVERYTHING = ((1, 0xFFFFFFFF),)


@pytest.fixture
def inbox(alice) -> Mailbox:
    """With UIDs 1, 2, 4 and 6."""
    for _ in range(6):
        delivered(alice)
    box = alice.mailboxes.get(special_use="inbox")
    messages.expunge(account_id=alice.pk, mailbox_id=box.pk, uids=[3, 5])
    return box


@pytest.fixture
def archive(alice, inbox) -> Mailbox:
    box = alice.mailboxes.get(special_use="archive")
    messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=message())
    return box


@pytest.fixture(params=["few", "many"])
def _either_way(request, monkeypatch) -> None:
    """UIDs written as a list, and as runs, which otherwise needs 500 messages."""
    if request.param == "many":
        monkeypatch.setattr(entrysets, "_FEW", 1)


def uids(box) -> list[int]:
    return list(MailboxMessage.objects.filter(mailbox=box).order_by("uid").values_list("uid", flat=True))


def holds(box) -> None:
    """The counters are what there is."""
    rows = MailboxMessage.objects.filter(mailbox=box).values_list("flags", "message__size")
    box.refresh_from_db()
    assert (box.total, box.unseen) == (len(rows), sum(not bits & Flag.SEEN for bits, _ in rows))
    assert box.size == sum(size for _, size in rows)


@pytest.mark.usefixtures("_either_way")
def test_it_moves_a_set_and_tells_where_each_went(alice, inbox, archive):
    flags.store(alice.pk, inbox.pk, ((4, 4),), names=["\\Seen", "\\Deleted", "Friends"], mode="add")
    order = list(MailboxMessage.objects.filter(mailbox=inbox).order_by("uid").values_list("message_id", flat=True))
    moved = messages.move(account_id=alice.pk, mailbox_id=inbox.pk, uids=((2, 5), (6, 6)), target_id=archive.pk)
    assert [(one.source_uid, one.uid) for one in moved] == [(2, 2), (4, 3), (6, 4)]
    assert [one.message_id for one in moved] == order[1:]
    assert (uids(inbox), uids(archive)) == ([1], [1, 2, 3, 4])
    kept = MailboxMessage.objects.get(mailbox=archive, uid=3)
    assert flags.names_of(kept.flags, flags.Keywords(alice.pk).of(kept.keywords)) == ("\\Seen", "Friends")
    holds(inbox)
    holds(archive)
    gone = Vanished.objects.filter(mailbox=inbox, modseq=inbox.highestmodseq).values_list("uid", flat=True)
    assert set(gone) == {2, 4, 6}
    assert Change.objects.get(mailbox=archive, modseq=archive.highestmodseq).uids == {2, 3, 4}
    assert not ThreadBox.objects.filter(mailbox=inbox, thread_id=kept.thread_id).exists()


@pytest.mark.usefixtures("_either_way")
def test_it_copies_a_set_and_leaves_the_originals(alice, inbox, archive):
    before = Mailbox.objects.get(pk=inbox.pk).highestmodseq
    copied = messages.copy(account_id=alice.pk, mailbox_id=inbox.pk, uids=EVERYTHING, target_id=archive.pk)
    assert [(one.source_uid, one.uid) for one in copied] == [(1, 2), (2, 3), (4, 4), (6, 5)]
    assert uids(inbox) == [1, 2, 4, 6]
    holds(inbox)
    holds(archive)
    assert (inbox.highestmodseq, inbox.uidnext) == (before, 7)


def test_it_copies_within_a_folder(alice, inbox):
    copied = messages.copy(account_id=alice.pk, mailbox_id=inbox.pk, uids=((1, 2),), target_id=inbox.pk)
    assert [(one.source_uid, one.uid) for one in copied] == [(1, 7), (2, 8)]
    holds(inbox)
    assert messages.move(account_id=alice.pk, mailbox_id=inbox.pk, uids=EVERYTHING, target_id=inbox.pk) == []


def test_it_moves_within_a_folder_only_when_asked(alice, inbox):
    """New UIDs; `*` does not mean the new messages."""
    before, everything = uids(inbox), ((1, (1 << 31) - 1),)
    target = {"account_id": alice.pk, "mailbox_id": inbox.pk, "uids": everything, "target_id": inbox.pk}
    assert messages.move(**target) == []
    assert uids(inbox) == before
    moved = messages.move(**target, anew=True)
    assert [one.source_uid for one in moved] == before
    assert uids(inbox) == [one.uid for one in moved]
    assert min(uids(inbox)) > max(before)
    holds(inbox)


def test_it_copies_nothing_beyond_the_quota(alice, inbox, archive):
    alice.quota = quota.of(alice.pk).used_octets + 1
    alice.save()
    with pytest.raises(OverQuota):
        messages.copy(account_id=alice.pk, mailbox_id=inbox.pk, uids=EVERYTHING, target_id=archive.pk)
    assert uids(archive) == [1]
    messages.move(account_id=alice.pk, mailbox_id=inbox.pk, uids=EVERYTHING, target_id=archive.pk)
    assert uids(inbox) == []


@pytest.mark.parametrize("given", [(), ((3, 3),), ((7, 900),), ((0xFFFFFFF0, 0xFFFFFFFF),)], ids=str)
def test_it_passes_over_what_is_not_there(alice, inbox, archive, given):
    where = {"account_id": alice.pk, "mailbox_id": inbox.pk, "uids": given}
    archive.refresh_from_db()
    before = archive.highestmodseq
    assert messages.move(**where, target_id=archive.pk) == messages.copy(**where, target_id=archive.pk) == []
    assert messages.expunge(**where) == []
    archive.refresh_from_db()
    assert archive.highestmodseq == before


@pytest.mark.parametrize(
    ("among", "gone"), [(None, ((1, 1), (4, 4))), (((2, 6),), ((4, 4),)), (((6, 6),), ())], ids=str
)
@pytest.mark.usefixtures("_either_way")
def test_it_expunges_only_what_is_flagged_for_it(alice, inbox, among, gone):
    flags.store(alice.pk, inbox.pk, ((1, 1), (4, 4)), names=["\\Deleted"], mode="add")
    found = messages.expunge_deleted(alice.pk, inbox.pk, among)
    holds(inbox)
    assert found == messages.Expunged(gone, inbox.highestmodseq)
    assert uids(inbox) == [uid for uid in (1, 2, 4, 6) if (uid, uid) not in gone]


def test_it_needs_as_many_statements_for_many_as_for_one(alice, inbox, archive):
    where = {"account_id": alice.pk, "mailbox_id": inbox.pk, "target_id": archive.pk}
    with counted() as one:
        messages.move(**where, uids=[1])
    with counted() as many:
        messages.move(**where, uids=EVERYTHING)
    assert len(many) == len(one) <= 20


def test_it_touches_nothing_of_another(alice, charlie, inbox):
    own = charlie.mailboxes.get(special_use="archive")
    for act in (
        lambda: messages.expunge_deleted(charlie.pk, inbox.pk),
        lambda: messages.append_all(charlie.pk, inbox.pk, [Appended(message())]),
        lambda: messages.copy(account_id=charlie.pk, mailbox_id=inbox.pk, uids=EVERYTHING, target_id=own.pk),
        lambda: messages.move(account_id=alice.pk, mailbox_id=inbox.pk, uids=EVERYTHING, target_id=own.pk),
    ):
        with pytest.raises(NotFound):
            act()


def test_it_keeps_several_messages_in_their_order(alice, archive):
    at = datetime(2019, 2, 3, 4, 5, tzinfo=UTC)
    brought = [
        Appended(message(subject="One"), ["\\Seen", "Friends"], at),
        Appended(message(subject="Two"), ["\\Draft"]),
    ]
    filed = messages.append_all(alice.pk, archive.pk, brought)
    assert [place.uid for place in filed] == [2, 3]
    rows = MailboxMessage.objects.filter(mailbox=archive, uid__gt=1).order_by("uid").select_related("message")
    assert [(row.message.subject, row.flags) for row in rows] == [("One", Flag.SEEN), ("Two", Flag.DRAFT)]
    assert (rows[0].at, rows[0].keywords) == (at, [Label.objects.get(keyword="Friends").pk])
    archive.refresh_from_db()
    assert {row.modseq for row in rows} == {archive.highestmodseq}
    holds(archive)


def test_it_keeps_all_messages_or_none(alice, archive):
    raws = [message(), message(), message()]
    alice.quota = quota.of(alice.pk).used_octets + sum(map(len, raws)) - 1
    alice.save()
    blobs = Blob.objects.count()
    with pytest.raises(OverQuota):
        messages.append_all(alice.pk, archive.pk, [Appended(raw) for raw in raws])
    with pytest.raises(InvalidName):
        messages.append_all(alice.pk, archive.pk, [Appended(raws[0]), Appended(raws[1], ["\\Odd"])])
    assert (uids(archive), Blob.objects.count()) == ([1], blobs)
    assert len(messages.append_all(alice.pk, archive.pk, [Appended(raw) for raw in raws[:2]])) == 2


@pytest.mark.django_db(transaction=True)
def test_it_moves_each_message_once_when_two_move_to_and_fro(alice):
    for _ in range(12):
        delivered(alice)
    here, there = (alice.mailboxes.get(special_use=use) for use in ("inbox", "archive"))
    moves: list[tuple[int, int, int]] = []
    errors: list[BaseException] = []

    def work(source: Mailbox, target: Mailbox) -> None:
        try:
            for _ in range(5):
                found = messages.move(account_id=alice.pk, mailbox_id=source.pk, uids=EVERYTHING, target_id=target.pk)
                moves.extend((source.pk, one.source_uid, one.uid) for one in found)
                flags.store(alice.pk, target.pk, EVERYTHING, names=["\\Seen"], mode="add")
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    movers = [threading.Thread(target=work, args=pair) for pair in ((here, there), (there, here), (here, there))]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    assert errors == []
    assert len({(box, uid) for box, uid, _ in moves}) == len(moves) >= 12
    assert len(uids(here)) + len(uids(there)) == Message.objects.count() == 12
    for box in (here, there):
        holds(box)
        gone = Vanished.objects.filter(mailbox=box).values_list("uid", flat=True)
        assert runs_of([*gone, *uids(box)]) == (((1, box.uidnext - 1),) if box.uidnext > 1 else ())
