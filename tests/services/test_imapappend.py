"""What an APPEND costs the database, and that it is done at once or not at all."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection

from mailserver.errors import NotFound
from mailserver.services import flags, imapappend
from mailserver.services.appending import Appended
from mailserver.services.flags import EntryFlags
from mailserver.store import exchange
from mailserver.store.models import Blob, Label, Mailbox, MailboxMessage, Thread
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message
from tests.support.statements import counted


@pytest.fixture
def archive(alice) -> Mailbox:
    return alice.mailboxes.get(special_use="archive")


@pytest.fixture
def packets(monkeypatch) -> list[int]:
    """How many statements went in each packet."""
    seen: list[int] = []
    real = exchange._run

    def run(link, statements, after, **options):
        seen.append(len(statements))
        return real(link, statements, after, **options)

    monkeypatch.setattr(exchange, "_run", run)
    return seen


def letters(count: int) -> list[Appended]:
    return [Appended(message(subject=f"Letter {number}"), ["\\Seen"]) for number in range(count)]


@pytest.mark.django_db(transaction=True)
def test_two_packets_take_any_number_of_messages_and_nothing_else_is_asked(alice, archive, packets):
    first = message(message_id="first@append.test")
    for appended in (letters(1), letters(20), [Appended(first)]):
        with counted() as statements:
            put = imapappend.append(alice.pk, "Archive", appended)
        assert len(put.uids) == len(appended)
        assert len(statements) == sum(packets) <= 14, statements
        assert len(packets) == 2
        packets.clear()
    # A conversation that goes on is counted anew: it is locked and made up.
    imapappend.append(alice.pk, "Archive", [Appended(message(reply_to="first@append.test"))])
    assert len(packets) == 2
    assert sum(packets) <= 15
    packets.clear()
    # With a keyword of the account: whether the folder is there, which label that is, and how it is written.
    Label.objects.create(account=alice, keyword="Travel", name="Travel")
    with counted() as statements:
        imapappend.append(alice.pk, "Archive", [Appended(message(), ["Travel"])])
    assert len(packets) == 2
    assert len(statements) - sum(packets) == 3


def test_it_tells_what_it_changed(alice, archive):
    put = imapappend.append(
        alice.pk, "Archive", [Appended(message(), ["\\Seen", "Travel"]), Appended(message())], selected=archive.pk
    )
    archive.refresh_from_db()
    assert (put.mailbox_id, put.uidvalidity, put.uids) == (archive.pk, archive.uidvalidity, [1, 2])
    assert (put.delta.highestmodseq, put.delta.uidnext) == (archive.highestmodseq, archive.uidnext)
    modseq = archive.highestmodseq
    assert put.delta.changed == [EntryFlags(1, Flag.SEEN, ("Travel",), modseq), EntryFlags(2, 0, (), modseq)]
    kept = MailboxMessage.objects.filter(mailbox=archive).order_by("uid")
    assert [flags.keywords_of(alice.pk).of(entry.keywords) for entry in kept] == [("Travel",), ()]


def test_only_in_the_selected_folder_messages_are_recent_for_the_caller(alice, archive):
    elsewhere = imapappend.append(alice.pk, "Archive", letters(2), selected=0)
    assert (elsewhere.first_recent, elsewhere.delta.uidnext) == (3, 3)
    here = imapappend.append(alice.pk, "Archive", letters(1), selected=archive.pk)
    assert (here.first_recent, here.delta.uidnext) == (1, 4)
    assert imapappend.append(alice.pk, "Archive", letters(1), selected=archive.pk).first_recent == 4


def test_when_the_database_refuses_one_of_them_none_is_there(alice, archive):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE threadbox ADD CONSTRAINT no_bad_ones CHECK (subject <> 'Bad')")
    imapappend.append(alice.pk, "Archive", letters(1))
    before = Blob.objects.count(), Thread.objects.count()
    bad = Appended(message(subject="Bad"))
    with pytest.raises(DatabaseError, match="no_bad_ones"):
        imapappend.append(alice.pk, "Archive", [*letters(2), bad, *letters(1)])
    assert (Blob.objects.count(), Thread.objects.count()) == before
    assert imapappend.append(alice.pk, "Archive", letters(2)).uids == [2, 3]


@pytest.mark.parametrize("path", ["Nowhere", "archive"])
def test_for_a_folder_that_is_not_there_nothing_is_made(alice, path):
    with pytest.raises(NotFound):
        imapappend.append(alice.pk, path, [Appended(message(), ["Travel"])])
    assert not Label.objects.exists()
    assert not Blob.objects.exists()


def test_inbox_is_one_in_any_case(alice):
    assert imapappend.append(alice.pk, "iNBOX", letters(1)).mailbox_id == alice.mailboxes.get(path="INBOX").pk
