"""What moves to and from the folder for spam teach, and how it is taken back."""

from __future__ import annotations

import pytest

from mailserver.mail.spam.bayes import Count
from mailserver.mail.spam.tokens import number
from mailserver.services import acquaintances, mailboxes, messages, spamlessons, spamwords, undo
from mailserver.store.exchange import alone
from mailserver.store.models import MailboxMessage, SpamLesson, SpamTotal, SpamWord
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db

Kind = SpamLesson.Kind
SENDER = "bob@hamburger.edu"


def moved(account, message_id: int, use: str) -> list[messages.Moved]:
    entry = MailboxMessage.objects.get(message_id=message_id)
    target = mailboxes.by_use(account.pk, use).pk
    return messages.move(account_id=account.pk, mailbox_id=entry.mailbox_id, uids=[entry.uid], target_id=target)


def taught(account, *path: str, body: str = "Cheap ketchup\r\n") -> int:
    """A message that went this way, learned at each step; its id."""
    there = delivered(account, body=body)
    for use in path:
        moved(account, there.message_id, use)
        spamlessons.learn()
    return there.message_id


def words(account, word: str = "ketchup") -> Count:
    return alone(spamwords.counts, {account.pk: [number(word)]}).get(account.pk, {}).get(number(word), Count())


def total(account) -> Count:
    return alone(spamwords.totals, [account.pk]).get(account.pk, Count())


@pytest.mark.parametrize(
    ("path", "count"),
    [
        (["junk"], Count(1, 0)),
        (["archive"], Count(0, 0)),
        (["trash"], Count(0, 0)),
        (["junk", "inbox"], Count(0, 0)),
        (["junk", "inbox", "junk"], Count(1, 0)),
        (["junk", "trash"], Count(1, 0)),
        (["junk", "trash", "inbox"], Count(0, 0)),
        (["trash", "junk"], Count(1, 0)),
        (["trash", "inbox"], Count(0, 0)),
        (["sent", "junk"], Count(0, 0)),
        (["drafts", "junk", "drafts"], Count(0, 0)),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_it_learns_what_is_called_spam_until_that_is_taken_back(alice, path, count):
    taught(alice, *path)
    assert words(alice) == count
    assert total(alice) == count


def test_it_learns_what_is_said_to_be_no_spam(alice):
    there = delivered(alice, body="Cheap ketchup\r\n")
    # As the MX filed it: no lesson.
    moved(alice, there.message_id, "junk")
    SpamLesson.objects.all().delete()
    moved(alice, there.message_id, "inbox")
    spamlessons.learn()
    assert words(alice) == Count(0, 1)
    moved(alice, there.message_id, "junk")
    spamlessons.learn()
    assert words(alice) == Count(0, 0)


def test_the_undo_of_the_page_takes_the_lesson_back(alice):
    there = delivered(alice, body="Cheap ketchup\r\n")
    moved(alice, there.message_id, "junk")
    spamlessons.learn()
    junk = mailboxes.by_use(alice.pk, "junk").pk
    step = undo.record(account_id=alice.pk, title="x", moves=[(junk, there.mailbox_id, [there.message_id])])
    undo.undo(account_id=alice.pk, step_id=step.pk)
    spamlessons.learn()
    assert total(alice) == words(alice) == Count()


def test_a_lesson_taken_back_before_it_was_learned_is_none(alice):
    there = delivered(alice)
    moved(alice, there.message_id, "junk")
    moved(alice, there.message_id, "inbox")
    assert spamlessons.learn() == 0
    assert not SpamWord.objects.exists()


def test_it_learns_each_lesson_once(alice):
    taught(alice, "junk")
    assert spamlessons.learn() == 0
    assert total(alice) == Count(1, 0)


def test_a_copy_teaches_too(alice):
    there, junk = delivered(alice, body="Cheap ketchup\r\n"), mailboxes.by_use(alice.pk, "junk").pk
    messages.copy(account_id=alice.pk, mailbox_id=there.mailbox_id, uids=[there.uid], target_id=junk)
    spamlessons.learn()
    assert words(alice) == Count(1, 0)


def test_it_teaches_only_its_own_account(alice, charlie):
    taught(alice, "junk")
    assert total(charlie) == words(charlie) == Count()


def test_each_message_called_spam_is_joined_by_one_that_was_read_and_kept(alice):
    kept = [delivered(alice, body="Crêpes on Saturday\r\n") for _ in range(3)]
    unread = delivered(alice, body="Cider on Sunday\r\n")
    messages.set_flags(
        account_id=alice.pk, mailbox_id=kept[0].mailbox_id, uids=[one.uid for one in kept], add=Flag.SEEN
    )
    taught(alice, "junk")
    taught(alice, "junk")
    assert total(alice) == Count(2, 2)
    assert words(alice, "crepes") == Count(0, 2)
    assert words(alice, "cider") == Count()
    assert not SpamLesson.objects.filter(message_id=unread.message_id).exists()


def test_one_that_was_kept_may_still_be_called_spam(alice):
    kept = delivered(alice, body="Cider on Sunday\r\n")
    messages.set_flags(account_id=alice.pk, mailbox_id=kept.mailbox_id, uids=[kept.uid], add=Flag.SEEN)
    taught(alice, "junk")
    assert words(alice, "cider") == Count(0, 1)
    moved(alice, kept.message_id, "junk")
    spamlessons.learn()
    assert words(alice, "cider") == Count(1, 0)


def test_it_remembers_the_sender(alice):
    acquaintances.count(alice.pk, [(SENDER, 0, 2)])
    message_id = taught(alice, "junk")
    address, domain = alone(acquaintances.standings, [(alice.pk, SENDER)])[alice.pk, SENDER]
    assert (address.spam, address.ham) == (domain.spam, domain.ham) == (1, 1)
    moved(alice, message_id, "inbox")
    spamlessons.learn()
    address, _ = alone(acquaintances.standings, [(alice.pk, SENDER)])[alice.pk, SENDER]
    assert (address.spam, address.ham) == (0, 2)


def test_what_is_deleted_for_good_keeps_its_lesson(alice):
    message_id = taught(alice, "junk")
    SpamLesson.objects.get(message_id=message_id).message.delete()
    assert words(alice) == Count(1, 0)


@pytest.mark.parametrize("raw", [b"", b"\0\xff\r\n", b"From: a\0b@c.d\r\n\r\n\0\xff", message(body="\0" * 99)])
def test_it_learns_from_any_octets(alice, raw):
    there = delivered(alice, raw)
    moved(alice, there.message_id, "junk")
    assert spamlessons.learn() == 1


def test_a_message_that_cannot_be_read_does_not_keep_others_from_teaching(alice, monkeypatch, caplog):
    def stumbles(letter):
        raise RecursionError

    monkeypatch.setattr(spamlessons, "tokens", stumbles)
    taught(alice, "junk")
    assert spamlessons.learn() == 0
    assert "nothing is learned" in caplog.text
    monkeypatch.undo()
    taught(alice, "junk")
    assert words(alice) == Count(1, 0)


def test_it_learns_many_in_batches(alice):
    inbox, junk = mailboxes.by_use(alice.pk, "inbox").pk, mailboxes.by_use(alice.pk, "junk").pk
    uids = [delivered(alice).uid for _ in range(spamlessons.BATCH + 3)]
    messages.move(account_id=alice.pk, mailbox_id=inbox, uids=uids, target_id=junk)
    assert spamlessons.learn() == spamlessons.BATCH + 3
    assert total(alice).spam == spamlessons.BATCH + 3


def test_words_are_bounded(alice):
    spamwords.hold(alice.pk)
    spamwords.add(alice.pk, range(100), spam=1, ham=0)
    spamwords.add(alice.pk, range(30), spam=1, ham=0)
    assert spamwords.prune(alice.pk, most=40, spare=60) == 0
    assert spamwords.prune(alice.pk, most=40, spare=10) == 60
    assert set(range(30)) < set(SpamWord.objects.values_list("token", flat=True))
    assert SpamWord.objects.count() == 40
    assert SpamTotal.objects.get().spam == 2
