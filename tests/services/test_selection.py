"""A folder as a session sees it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.mail.numbersets import Runs
from mailserver.services import flags, folders, messages, selection
from mailserver.store.models import Change, Mailbox, Vanished
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.support.statements import counted

LONG_AGO = timedelta(days=20)


@pytest.fixture
def inbox(alice) -> Mailbox:
    """With UIDs 1 to 5."""
    for _ in range(5):
        delivered(alice)
    return alice.mailboxes.get(special_use="inbox")


def expunge(account, box, *uids: int) -> None:
    messages.expunge(account_id=account.pk, mailbox_id=box.pk, uids=uids)


def see(account, box, *uids: int) -> None:
    messages.set_flags(account_id=account.pk, mailbox_id=box.pk, uids=uids, add=Flag.SEEN)


def at(box) -> int:
    box.refresh_from_db()
    return box.highestmodseq


def vanished(account, box, since: int, known: Runs | None = None) -> Runs:
    return selection.vanished_since(account.pk, box.pk, since, known)


def test_it_opens_a_folder_in_one_statement(alice, inbox):
    expunge(alice, inbox, 2)
    flags.store(alice.pk, inbox.pk, ((1, 1),), names=["\\Seen", "Friends"], mode="add")
    with counted() as statements:
        found = selection.opened(alice.pk, "inbox", read_only=True)
    assert len(statements) == 1
    assert list(found.uids) == [1, 3, 4, 5]
    assert (found.mailbox_id, found.path, found.uidnext, found.highestmodseq) == (inbox.pk, "INBOX", 6, at(inbox))
    assert (found.unseen, found.keywords) == (3, ("Friends",))
    assert found.uidvalidity == inbox.uidvalidity


def test_it_opens_an_empty_folder(alice):
    found = selection.opened(alice.pk, "Sent", read_only=False)
    assert (list(found.uids), found.unseen, found.first_recent, found.keywords) == ([], None, 1, ())


def test_it_opens_no_folder_of_another(alice, charlie, inbox):
    folders.create(alice.pk, "Menus")
    with pytest.raises(NotFound):
        selection.opened(charlie.pk, "Menus", read_only=True)
    with pytest.raises(NotFound):
        selection.changes(charlie.pk, inbox.pk, since=1)
    with pytest.raises(NotFound):
        selection.vanished_since(charlie.pk, inbox.pk, 1)


@pytest.mark.parametrize(("seen", "first"), [((), 1), ((1, 2), 3), (range(1, 26), None), (range(2, 25), 1)])
def test_it_tells_the_first_message_not_read(alice, inbox, seen, first):
    for _ in range(20):
        delivered(alice)
    see(alice, inbox, *seen)
    assert selection.opened(alice.pk, "INBOX", read_only=True).unseen == first


def test_it_finds_one_unread_message_among_many(alice, inbox):
    for _ in range(25):
        delivered(alice)
    see(alice, inbox, *(set(range(1, 31)) - {17}))
    assert selection.opened(alice.pk, "INBOX", read_only=True).unseen == 17


def test_it_gives_recent_messages_to_one_session_only(alice, inbox):
    def first(*, read_only: bool) -> int:
        return selection.opened(alice.pk, "INBOX", read_only=read_only).first_recent

    assert (first(read_only=True), first(read_only=True)) == (1, 1)
    assert (first(read_only=False), first(read_only=False), first(read_only=True)) == (1, 6, 6)
    delivered(alice)
    assert (first(read_only=False), first(read_only=False)) == (6, 7)


def test_it_lets_nobody_else_claim(alice, charlie, inbox):
    assert selection.claim(charlie.pk, inbox.pk, 6) == 6
    assert selection.claim(alice.pk, inbox.pk, 6) == 1


def test_it_claims_what_comes_while_a_session_looks(alice, inbox):
    assert selection.claim(alice.pk, inbox.pk, 6) == 1
    delivered(alice)
    assert (selection.claim(alice.pk, inbox.pk, 7), selection.claim(alice.pk, inbox.pk, 7)) == (6, 7)


@pytest.mark.django_db(transaction=True)
def test_it_claims_each_message_once_among_many_sessions(alice):
    box, start, claims = alice.mailboxes.get(special_use="inbox"), threading.Barrier(4), []

    def work() -> None:
        try:
            start.wait()
            for _ in range(8):
                delivered(alice)
                found = selection.opened(alice.pk, "INBOX", read_only=False)
                claims.extend(range(found.first_recent, found.uidnext))
        finally:
            connections.close_all()

    sessions = [threading.Thread(target=work) for _ in range(4)]
    for session in sessions:
        session.start()
    for session in sessions:
        session.join()
    assert sorted(claims) == list(range(1, 33))
    box.refresh_from_db()
    assert box.first_recent_uid == box.uidnext == 33


def test_it_tells_what_changed_and_vanished(alice, inbox):
    since = at(inbox)
    flags.store(alice.pk, inbox.pk, ((2, 3),), names=["\\Seen", "Friends"], mode="add")
    expunge(alice, inbox, 1, 5)
    place = delivered(alice)
    found = selection.changes(alice.pk, inbox.pk, since=since)
    assert (found.highestmodseq, found.uidnext) == (at(inbox), 7)
    assert found.changed == [
        (2, Flag.SEEN, ("Friends",), since + 1),
        (3, Flag.SEEN, ("Friends",), since + 1),
        (place.uid, 0, (), since + 3),
    ]
    assert found.changed[0].names == ("\\Seen", "Friends")
    assert found.vanished == ((1, 1), (5, 5))


def test_it_tells_a_message_once_that_changed_often(alice, inbox):
    since = at(inbox)
    see(alice, inbox, 1, 2)
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[2, 3], add=Flag.FLAGGED)
    found = selection.changes(alice.pk, inbox.pk, since=since).changed
    assert [(one.uid, one.flags, one.modseq - since) for one in found] == [(1, 1, 1), (2, 5, 2), (3, 4, 2)]


@pytest.mark.parametrize("ahead", [0, 1, 1000])
def test_it_tells_nothing_when_nothing_changed(alice, inbox, ahead):
    with counted() as statements:
        found = selection.changes(alice.pk, inbox.pk, since=at(inbox) + ahead)
    assert (found.changed, found.vanished) == ([], ())
    assert sum("change" in statement for statement in statements) == 1


def test_it_looks_at_all_entries_when_changes_were_tidied_away(alice, inbox):
    since = at(inbox)
    see(alice, inbox, 4)
    expunge(alice, inbox, 2)
    Change.objects.filter(mailbox=inbox, modseq=since + 1).delete()
    Vanished.objects.all().delete()
    found = selection.changes(alice.pk, inbox.pk, since=since)
    assert [one.uid for one in found.changed] == [4]
    assert found.vanished == ((2, 2),)
    assert len(selection.changes(alice.pk, inbox.pk, since=0).changed) == 4


def test_it_tells_what_vanished_among_what_is_known(alice, inbox):
    since = at(inbox)
    expunge(alice, inbox, 1, 2)
    middle = at(inbox)
    expunge(alice, inbox, 4)
    assert vanished(alice, inbox, since) == ((1, 2), (4, 4))
    assert vanished(alice, inbox, middle) == ((4, 4),)
    assert vanished(alice, inbox, since, ((2, 3), (5, 9))) == ((2, 2),)
    assert vanished(alice, inbox, at(inbox)) == ()


def test_it_names_all_that_is_not_there_when_it_forgot(alice, inbox):
    since = at(inbox)
    expunge(alice, inbox, 1, 2)
    see(alice, inbox, 3)
    expunge(alice, inbox, 5)
    Change.objects.filter(modseq__lte=since + 1).update(at=timezone.now() - LONG_AGO)
    Change.objects.filter(at__lt=timezone.now() - LONG_AGO / 2).delete()
    Vanished.objects.filter(modseq=since + 1).delete()
    assert vanished(alice, inbox, since) == ((1, 2), (5, 5))
    assert vanished(alice, inbox, since, ((2, 4),)) == ((2, 2),)
    assert vanished(alice, inbox, since + 2) == ((5, 5),)
    expunge(alice, inbox, 3, 4)
    assert vanished(alice, inbox, since) == ((1, 5),)


def test_it_tells_how_far_folders_are(alice, inbox):
    sent = alice.mailboxes.get(special_use="sent")
    assert selection.counters([inbox.pk, sent.pk, 0]) == {inbox.pk: at(inbox), sent.pk: 1}
