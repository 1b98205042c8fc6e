from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from mailserver.errors import NotFound
from mailserver.services import mailboxes, messages
from mailserver.store.models import Change, Mailbox, MailboxMessage, ThreadBox, Vanished
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import writing
from tests.support.mail import delivered, message


@pytest.fixture
def inbox(alice) -> Mailbox:
    return mailboxes.by_use(alice.pk, Mailbox.Use.INBOX)


def line(mailbox: Mailbox) -> ThreadBox:
    return ThreadBox.objects.get(mailbox=mailbox)


def test_it_numbers_messages_in_order_and_keeps_the_counters(alice, inbox):
    places = [delivered(alice) for _ in range(3)]
    assert [place.uid for place in places] == [1, 2, 3]
    inbox.refresh_from_db()
    assert (inbox.uidnext, inbox.total, inbox.unseen) == (4, 3, 3)
    sizes = MailboxMessage.objects.filter(mailbox=inbox).values_list("message__size", flat=True)
    assert inbox.size == sum(sizes)


def test_it_writes_one_change_with_one_modseq_for_a_command(alice, inbox):
    for _ in range(3):
        delivered(alice)
    changed = messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1, 2, 3], add=Flag.SEEN)
    inbox.refresh_from_db()
    change = Change.objects.filter(mailbox=inbox).order_by("-modseq").first()
    assert changed == [1, 2, 3]
    assert (change.modseq, change.uids) == (inbox.highestmodseq, frozenset({1, 2, 3}))
    modseqs = MailboxMessage.objects.filter(mailbox=inbox).values_list("modseq", flat=True)
    assert set(modseqs) == {inbox.highestmodseq}
    assert inbox.unseen == 0


def test_it_changes_nothing_when_the_flags_are_set_already(alice, inbox):
    delivered(alice)
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1], add=Flag.SEEN)
    before = Mailbox.objects.get(pk=inbox.pk).highestmodseq
    assert messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1], add=Flag.SEEN) == []
    assert Mailbox.objects.get(pk=inbox.pk).highestmodseq == before


def test_it_leaves_a_vanished_row_and_never_gives_a_uid_again(alice, inbox):
    delivered(alice)
    delivered(alice)
    messages.expunge(account_id=alice.pk, mailbox_id=inbox.pk, uids=[2])
    assert Vanished.objects.get(mailbox=inbox).uid == 2
    assert delivered(alice).uid == 3
    inbox.refresh_from_db()
    assert (inbox.total, inbox.unseen) == (2, 2)


def test_it_keeps_the_conversation_line_in_step(alice, inbox):
    delivered(alice, message_id="one@hamburger.edu", subject="Menu")
    delivered(alice, reply_to="one@hamburger.edu", subject="Re: Menu", sender="Ana <ana@mill.pt>")
    shown = line(inbox)
    assert (shown.total, shown.unseen, shown.starred) == (2, 2, 0)
    assert [person[0] for person in shown.participants] == ["bob@hamburger.edu", "ana@mill.pt"]
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1], add=Flag.SEEN | Flag.FLAGGED)
    shown = line(inbox)
    assert (shown.unseen, shown.starred) == (1, 1)
    messages.expunge(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1, 2])
    assert not ThreadBox.objects.filter(mailbox=inbox).exists()


def test_it_counts_own_replies_from_sent_but_not_what_lies_in_trash(alice, inbox):
    delivered(alice, message_id="one@hamburger.edu", subject="Menu")
    sent = mailboxes.by_use(alice.pk, Mailbox.Use.SENT)
    trash = mailboxes.by_use(alice.pk, Mailbox.Use.TRASH)
    reply = message(reply_to="one@hamburger.edu", subject="Re: Menu", sender="Alice <alice@crepes.fr>")
    messages.append(account_id=alice.pk, mailbox_id=sent.pk, raw=reply, flags=Flag.SEEN)
    assert line(inbox).total == 2
    messages.move(account_id=alice.pk, mailbox_id=sent.pk, uids=[1], target_id=trash.pk)
    assert line(inbox).total == 1


def test_it_refuses_the_folder_of_another(alice, charlie, inbox):
    delivered(alice)
    with pytest.raises(NotFound):
        messages.set_flags(account_id=charlie.pk, mailbox_id=inbox.pk, uids=[1], add=Flag.SEEN)


def test_it_keeps_flag_changes_out_of_every_index(alice, inbox):
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'mailboxmessage'")
        definitions = " ".join(row[0] for row in cursor.fetchall())
    assert not any(column in definitions for column in ("flags", "keywords", "modseq"))


@pytest.mark.django_db(transaction=True)
def test_it_gives_no_uid_twice_under_many_writers(alice):
    target = mailboxes.by_use(alice.pk, Mailbox.Use.INBOX)
    others = [mailboxes.create(account_id=alice.pk, path=f"Box {n}") for n in range(3)]
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(6):
                place = delivered(alice, subject=f"From {number}")
                if turn % 2:
                    messages.move(
                        account_id=alice.pk, mailbox_id=target.pk, uids=[place.uid], target_id=others[number % 3].pk
                    )
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    target.refresh_from_db()
    kept = list(MailboxMessage.objects.filter(mailbox=target).values_list("uid", flat=True))
    gone = list(Vanished.objects.filter(mailbox=target).values_list("uid", flat=True))
    assert sorted(kept + gone) == list(range(1, 37))
    assert (target.uidnext, target.total) == (37, 18)
    lines = ThreadBox.objects.filter(mailbox=target)
    assert sum(row.unseen for row in lines) == target.unseen == 18


def test_it_does_nothing_to_the_database_when_the_block_fails(alice, inbox):
    delivered(alice)
    with pytest.raises(ZeroDivisionError), writing([inbox.pk]) as writer:  # noqa: PT012
        writer.remove(inbox.pk, [1])
        raise ZeroDivisionError
    assert MailboxMessage.objects.filter(mailbox=inbox, uid=1).exists()
