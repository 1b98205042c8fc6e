from __future__ import annotations

from mailserver.services import deltas, flags, messages, selection
from mailserver.services.deltas import Asked
from mailserver.store.models import Change, Mailbox, Vanished
from tests.support.mail import delivered
from tests.support.statements import counted


def inbox(account) -> Mailbox:
    for _ in range(4):
        delivered(account)
    return account.mailboxes.get(special_use="inbox")


def test_many_folders_are_asked_as_one_is(alice, bob, charlie):
    boxes = {account.pk: inbox(account) for account in (alice, bob, charlie)}
    asked = [Asked(account_id, box.pk, box.highestmodseq) for account_id, box in boxes.items()]
    flags.store(alice.pk, boxes[alice.pk].pk, ((2, 3),), names=["\\Seen", "Friends"], mode="add")
    messages.expunge(account_id=alice.pk, mailbox_id=boxes[alice.pk].pk, uids=[1, 4])
    delivered(alice)
    # Bob's changes were tidied away, and nothing happened to Charlie.
    messages.expunge(account_id=bob.pk, mailbox_id=boxes[bob.pk].pk, uids=[2])
    delivered(bob)
    Change.objects.filter(mailbox=boxes[bob.pk]).delete()
    Vanished.objects.filter(mailbox=boxes[bob.pk]).delete()
    found = deltas.together(asked)
    for one in asked:
        assert found[one.mailbox_id] == selection.changes(one.account_id, one.mailbox_id, since=one.since)
    assert [one.uid for one in found[boxes[alice.pk].pk].changed] == [2, 3, 5]
    assert found[boxes[charlie.pk].pk].changed == []


def test_one_statement_answers_for_all(alice, bob):
    asked = [Asked(box.account_id, box.pk, box.highestmodseq - 2) for box in (inbox(alice), inbox(bob))]
    assert [len(delta.changed) for delta in deltas.together(asked).values()] == [2, 2]
    with counted() as statements:
        deltas.together(asked)
    assert len(statements) == 1


def test_folders_of_others_and_those_that_are_gone_are_none(alice, bob):
    box = inbox(bob)
    assert deltas.together([Asked(alice.pk, box.pk, 0), Asked(alice.pk, 999_999, 0)]) == {box.pk: None, 999_999: None}
