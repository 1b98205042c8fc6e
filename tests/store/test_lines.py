"""What marking leaves in lines, counters and changes is what counting everything anew gives."""

from __future__ import annotations

import random

import pytest

from mailserver.services import flags, mailboxes, messages
from mailserver.store import marking, summary
from mailserver.store.entrysets import Marks
from mailserver.store.models import Change, Label, Mailbox, MailboxMessage, ThreadBox
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered

USES = (Mailbox.Use.INBOX, Mailbox.Use.ARCHIVE, Mailbox.Use.TRASH)
NAMES = ("\\Seen", "\\Flagged", "\\Answered", "Friends", "Orders", "$Important")


@pytest.fixture
def boxes(alice) -> list[Mailbox]:
    """Twelve messages in four conversations of three people, in the Inbox; some also in the Archive, some in Trash."""
    for number in range(12):
        topic, sender = number % 4, f"P{number % 3} <p{number % 3}@hamburger.edu>"
        if number < 4:
            delivered(alice, message_id=f"{topic}@hamburger.edu", subject=f"Topic {topic}", sender=sender)
        else:
            delivered(alice, reply_to=f"{topic}@hamburger.edu", subject=f"Re: Topic {topic}", sender=sender)
    inbox, archive, trash = found = [mailboxes.by_use(alice.pk, use) for use in USES]
    place = {"account_id": alice.pk, "mailbox_id": inbox.pk}
    messages.copy(**place, uids=[1, 2, 5, 6, 9], target_id=archive.pk)
    messages.copy(**place, uids=[3, 6, 7], target_id=trash.pk)
    return found


def lines() -> list[dict[str, object]]:
    return list(ThreadBox.objects.order_by("mailbox_id", "thread_id").values())


def check(boxes: list[Mailbox]) -> None:
    """Lines, what is unseen, and the last change."""
    kept = lines()
    summary.refresh_now(set(MailboxMessage.objects.values_list("thread_id", flat=True)))
    assert kept == lines()
    for box in boxes:
        box.refresh_from_db()
        entries = MailboxMessage.objects.filter(mailbox=box)
        assert box.unseen == sum(not entry.flags & Flag.SEEN for entry in entries)
        last = Change.objects.filter(mailbox=box).latest("modseq")
        assert last.modseq == box.highestmodseq
        assert last.uids == {entry.uid for entry in entries if entry.modseq == box.highestmodseq}


@pytest.mark.parametrize("seed", range(3))
def test_lines_after_any_marks_are_those_counted_anew(alice, boxes, seed):
    chance = random.Random(seed)
    for _ in range(25):
        box = chance.choice(boxes)
        uids = [uid for uid in range(1, box.uidnext + 1) if chance.random() < 0.5]
        names = chance.sample(NAMES, chance.randrange(1, 4))
        since = chance.choice([None, None, box.highestmodseq - 1])
        before = {one.uid: one for one in MailboxMessage.objects.filter(mailbox=box)}
        mode: flags.Mode = chance.choice(["add", "remove", "replace"])
        runs = tuple((uid, uid) for uid in uids)
        stored = flags.store(alice.pk, box.pk, runs, names=names, mode=mode, unchanged_since=since)
        after = {one.uid: one for one in MailboxMessage.objects.filter(mailbox=box)}
        changed = {uid for uid in after if after[uid].modseq != before[uid].modseq}
        assert [one.uid for one in stored.changed] == sorted(changed)
        assert {uid for uid in after if _marks(after[uid]) != _marks(before[uid])} == changed
        check(boxes)


def _marks(entry: MailboxMessage) -> tuple[int, list[int] | None]:
    return entry.flags, entry.keywords


@pytest.mark.parametrize("among", [((1, 12),), ((1, 5), (7, 12))], ids=["run", "runs"])
def test_many_are_marked_as_few_are(alice, boxes, among):
    label = Label.objects.create(account=alice, keyword="Friends", name="Friends")
    marks = Marks(set=Flag.SEEN | Flag.FLAGGED, put=(label.pk,))
    uids = [uid for low, high in among for uid in range(low, high + 1)]
    assert marking.mark(alice.pk, boxes[0].pk, among, marks, labels=True).uids == uids
    check(boxes)
    assert marking.mark(alice.pk, boxes[0].pk, among, Marks(take=(label.pk,)), labels=True).uids == uids
    check(boxes)
    assert not any(line["labels"] for line in lines())
