from __future__ import annotations

import pytest

from mailserver.errors import AlreadyExists, InvalidName, NotFound, OverQuota
from mailserver.services import mailboxes, messages, quota, threads, undo
from mailserver.store.models import Label, Mailbox, MailboxMessage, Message, ThreadBox
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message

Use = Mailbox.Use


def box(account, use) -> Mailbox:
    return mailboxes.by_use(account.pk, use)


def test_it_moves_and_takes_the_move_back(alice):
    place = delivered(alice)
    inbox, archive = box(alice, Use.INBOX), box(alice, Use.ARCHIVE)
    moved = messages.move(account_id=alice.pk, mailbox_id=inbox.pk, uids=[place.uid], target_id=archive.pk)
    step = undo.record(account_id=alice.pk, title="Archived", moves=[(archive.pk, inbox.pk, [place.message_id])])
    assert [(item.message_id, item.uid) for item in moved] == [(place.message_id, 1)]
    assert box(alice, Use.INBOX).total == 0
    assert undo.undo(account_id=alice.pk, step_id=step.pk) == "Archived"
    assert (box(alice, Use.INBOX).total, box(alice, Use.ARCHIVE).total) == (1, 0)
    with pytest.raises(NotFound):
        undo.undo(account_id=alice.pk, step_id=step.pk)


def test_it_lets_nobody_else_undo(alice, charlie):
    step = undo.record(account_id=alice.pk, title="Archived")
    with pytest.raises(NotFound):
        undo.undo(account_id=charlie.pk, step_id=step.pk)


def test_it_takes_a_flag_back(alice):
    place = delivered(alice)
    inbox = box(alice, Use.INBOX)
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[place.uid], add=Flag.SEEN)
    step = undo.record(account_id=alice.pk, title="Marked read", flags=[(inbox.pk, [place.uid], 0, Flag.SEEN)])
    undo.undo(account_id=alice.pk, step_id=step.pk)
    assert box(alice, Use.INBOX).unseen == 1


def test_it_copies_without_storing_the_body_again(alice):
    place = delivered(alice)
    inbox, archive = box(alice, Use.INBOX), box(alice, Use.ARCHIVE)
    messages.copy(account_id=alice.pk, mailbox_id=inbox.pk, uids=[place.uid], target_id=archive.pk)
    assert Message.objects.count() == 1
    assert MailboxMessage.objects.filter(message_id=place.message_id).count() == 2


def test_it_counts_the_quota_for_appends_and_copies(alice):
    place = delivered(alice)
    alice.quota = quota.of(alice.pk).used_octets + 10
    alice.save()
    inbox, archive = box(alice, Use.INBOX), box(alice, Use.ARCHIVE)
    with pytest.raises(OverQuota):
        messages.append(account_id=alice.pk, mailbox_id=archive.pk, raw=message())
    with pytest.raises(OverQuota):
        messages.copy(account_id=alice.pk, mailbox_id=inbox.pk, uids=[place.uid], target_id=archive.pk)


def test_it_gives_the_decoded_part_by_section(alice):
    raw = (
        b"From: bob@hamburger.edu\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b"--x\r\nContent-Type: application/pdf; name=menu.pdf\r\nContent-Disposition: attachment\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n"
    )
    row = Message.objects.get(pk=delivered(alice, raw).message_id)
    part, content = messages.part(row, "2")
    assert (part.type, content) == ("application/pdf", b"%PDF-")
    assert row.has_attachments
    with pytest.raises(NotFound):
        messages.part(row, "9")


def test_it_shows_no_message_of_another(alice, charlie):
    place = delivered(alice)
    with pytest.raises(NotFound):
        messages.get(charlie.pk, place.message_id)
    with pytest.raises(NotFound):
        threads.conversation(charlie.pk, Message.objects.get(pk=place.message_id).thread_id)


def test_it_puts_labels_on_lines(alice):
    place = delivered(alice)
    label = Label.objects.create(account=alice, keyword="Friends", name="Friends")
    messages.set_label(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], label_id=label.pk, on=True)
    assert ThreadBox.objects.get(mailbox_id=place.mailbox_id).labels == [label.pk]
    messages.set_label(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], label_id=label.pk, on=False)
    assert ThreadBox.objects.get(mailbox_id=place.mailbox_id).labels == []


def test_it_pages_through_conversations_without_gap_or_double(alice, django_assert_num_queries):
    for number in range(7):
        delivered(alice, subject=f"Number {number}")
    inbox, seen, before = box(alice, Use.INBOX), [], None
    while True:
        with django_assert_num_queries(1):
            page = threads.page(inbox.pk, before=before, limit=3)
        seen += [line.subject for line in page.lines]
        if page.next is None:
            break
        before = page.next
    assert seen == [f"Number {number}" for number in range(6, -1, -1)]


def test_it_filters_unseen_and_starred(alice):
    first, second = delivered(alice, subject="One"), delivered(alice, subject="Two")
    inbox = box(alice, Use.INBOX)
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[first.uid], add=Flag.SEEN)
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[second.uid], add=Flag.FLAGGED)
    assert [line.subject for line in threads.page(inbox.pk, only="unseen").lines] == ["Two"]
    assert [line.subject for line in threads.starred(alice.pk).lines] == ["Two"]


@pytest.mark.parametrize("path", ["", "/", "a//b", "x%", "a\\b", "inbox", "Inbox/x", "new\nline", "x" * 300])
def test_it_refuses_what_is_no_folder_name(alice, path):
    with pytest.raises(InvalidName):
        mailboxes.create(account_id=alice.pk, path=path)


def test_it_makes_the_folders_above(alice):
    mailboxes.create(account_id=alice.pk, path="Crêperie / Suppliers")
    paths = [item.path for item in mailboxes.list_for(alice.pk)]
    assert paths[-2:] == ["Crêperie", "Crêperie/Suppliers"]
    with pytest.raises(AlreadyExists):
        mailboxes.create(account_id=alice.pk, path="Crêperie/Suppliers")
