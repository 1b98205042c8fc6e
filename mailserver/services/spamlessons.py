"""What people teach about spam by moving messages to and from the folder for it.

A move only notes what the message is to teach, in its own transaction; a worker learns it within seconds. Moving a
message back takes the lesson back. So that words of good mail are known too, each message called spam is joined by one
that was read and kept.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from mailserver.mail.message import parse
from mailserver.mail.numbersets import Runs
from mailserver.mail.spam.letter import Letter, Passage
from mailserver.mail.spam.tokens import tokens
from mailserver.services import acquaintances, spamwords
from mailserver.store import blobs
from mailserver.store.box import Box
from mailserver.store.models import Mailbox, MailboxMessage, Message, SpamLesson
from mailserver.store.models.mailbox import Flag

Kind = SpamLesson.Kind
Use = Mailbox.Use

BATCH = 20
# Newest read messages looked at for one that has taught nothing yet.
DEPTH = 50
# Moves between them and the folder for spam say nothing about anybody else's mail.
_OWN = (Use.SENT, Use.DRAFTS)
_KEPT = (Use.INBOX, Use.ARCHIVE)

# By the ORM it takes ten times as long, most of a millisecond and a half, and Thunderbird asks with each new message.
_MAY_BE_GOOD = """
SELECT EXISTS (SELECT FROM mailbox WHERE id = %s AND special_use = 'junk') OR EXISTS (
    SELECT FROM mailboxmessage e JOIN spamlesson l ON l.message_id = e.message_id
    WHERE e.mailbox_id = %s AND e.uid BETWEEN %s::bigint AND %s::bigint AND l.wanted = %s)
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a kind of lesson adds: to the words, and to the history with the sender."""

    spam: int = 0
    ham: int = 0
    sender_spam: int = 0
    sender_ham: int = 0


# What went to the Inbox was counted as kept when it came; what is called spam was not worth that.
_EFFECTS: Mapping[int, _Effect] = {
    Kind.NOTHING: _Effect(),
    Kind.SPAM: _Effect(spam=1, sender_spam=1, sender_ham=-1),
    Kind.HAM: _Effect(ham=1, sender_ham=1),
    Kind.KEPT: _Effect(ham=1),
}


def note(source: Box, target: Box, message_ids: Iterable[int]) -> None:
    """Messages are moved or copied between folders of one account: note what that teaches, inside this transaction."""
    _note(target.account_id, source.special_use, target.special_use, message_ids)


def flagged(box: Mailbox, message_ids: Iterable[int], *, junk: bool) -> None:
    """Messages of a folder are flagged $Junk or $NotJunk: the same as if they were moved to Spam or out of it.

    Mail programs flag $NotJunk what they think is good by themselves: outside Spam it only takes a lesson back.
    """
    if junk:
        _note(box.account_id, box.special_use, Use.JUNK, message_ids)
    else:
        _note(box.account_id, Use.JUNK if box.special_use == Use.JUNK else Use.TRASH, Use.INBOX, message_ids)


def may_be_good(mailbox_id: int, runs: Runs) -> bool:
    """Whether `flagged(junk=False)` of one of these messages has anything to note."""
    if not runs:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_MAY_BE_GOOD, [mailbox_id, mailbox_id, runs[0][0], runs[-1][1], Kind.SPAM])
        return bool(cursor.fetchone()[0])


def _note(account_id: int, source: str, target: str, message_ids: Iterable[int]) -> None:
    # In one order everywhere: two that note the same messages do not wait for each other in a circle.
    ids = sorted(set(message_ids)) if _teaches(source, target) else []
    if not ids:
        return
    before = dict(SpamLesson.objects.filter(message_id__in=ids).values_list("message_id", "wanted"))
    if target == Use.JUNK:
        wanted = {one: Kind.NOTHING if before.get(one) == Kind.HAM else Kind.SPAM for one in ids}
    elif source == Use.JUNK:
        wanted = {one: Kind.NOTHING if before.get(one) == Kind.SPAM else Kind.HAM for one in ids}
    else:
        # Out of the Trash: only what had been called spam before is taken back.
        wanted = {one: Kind.NOTHING for one in ids if before.get(one) == Kind.SPAM}
    SpamLesson.objects.bulk_create(
        [SpamLesson(message_id=one, account_id=account_id, wanted=kind) for one, kind in wanted.items()],
        update_conflicts=True,
        update_fields=["wanted"],
        unique_fields=["message"],
    )


def called_spam(message_ids: Collection[int]) -> set[int]:
    """Those of the messages that their owner has called spam."""
    rows = SpamLesson.objects.filter(message_id__in=message_ids, wanted=Kind.SPAM)
    return set(rows.values_list("message_id", flat=True)) if message_ids else set()


def learn() -> int:
    """Learn what is noted and not yet learned; how many lessons. A batch is one account's and one transaction."""
    learned = 0
    while lessons := _batch():
        learned += len(lessons)
        _balance(lessons)
    return learned


def _teaches(source: str, target: str) -> bool:
    if target == Use.JUNK:
        return source != Use.JUNK and source not in _OWN
    return source in (Use.JUNK, Use.TRASH) and target != Use.TRASH and target not in _OWN


@transaction.atomic
def _batch() -> list[SpamLesson]:
    """Learn some lessons of the first account that has any; which."""
    first = SpamLesson.objects.exclude(wanted=F("learned")).order_by("account_id").first()
    if first is None:
        return []
    spamwords.hold(first.account_id)
    # Locked only now: another worker may have learned them meanwhile.
    rows = SpamLesson.objects.filter(account_id=first.account_id).exclude(wanted=F("learned")).order_by("message_id")
    lessons = list(rows.select_for_update(skip_locked=True, of=("self",)).select_related("message")[:BATCH])
    senders = [(lesson.message.from_address, *_of_sender(lesson)) for lesson in lessons]
    for lesson in lessons:
        _learn(lesson)
    # Last and all at once: deliveries and submissions lock the rows of acquaintances in the same order.
    acquaintances.count(first.account_id, senders)
    spamwords.prune(first.account_id)
    return lessons


@transaction.atomic
def _balance(lessons: Sequence[SpamLesson]) -> None:
    """Where more is known of an account's spam than of its other mail, learn from that too.

    In a transaction of its own: a move may wait for a lesson just learned, and hold what is inserted here.
    """
    account_id, count = lessons[0].account_id, sum(lesson.wanted == Kind.SPAM for lesson in lessons)
    known = spamwords.hold(account_id)
    if count and known.ham < known.spam:
        _learn_from_kept(account_id, count)


def _of_sender(lesson: SpamLesson) -> tuple[int, int]:
    """How many messages called spam, and kept, a lesson adds to the history with the sender."""
    before, after = _EFFECTS[lesson.learned], _EFFECTS[lesson.wanted]
    return after.sender_spam - before.sender_spam, after.sender_ham - before.sender_ham


def _learn(lesson: SpamLesson) -> None:
    """The words; senders are counted for all lessons of a batch together."""
    message, before, after = lesson.message, _EFFECTS[lesson.learned], _EFFECTS[lesson.wanted]
    spam, ham = after.spam - before.spam, after.ham - before.ham
    if spam or ham:
        spamwords.add(lesson.account_id, _tokens(message), spam=spam, ham=ham)
    lesson.learned = lesson.wanted
    lesson.save(update_fields=["learned"])


def _tokens(message: Message) -> frozenset[int]:
    """The words of a stored message, the same ones as when it came; none of one that cannot be read."""
    raw = blobs.read(message.blob_id)
    try:
        return tokens(Letter(raw, parse(raw), Passage(timezone.now())))
    except Exception:
        # It would come first again at each try, and nobody would learn anything any more.
        logger.exception("nothing is learned from the words of message %d", message.pk)
        return frozenset()


def _learn_from_kept(account_id: int, count: int) -> None:
    """Learn from the newest messages that were read and kept and have taught nothing yet, `count` at most."""
    entries = MailboxMessage.objects.filter(account_id=account_id, mailbox__special_use__in=_KEPT)
    newest = (
        entries.annotate(seen=F("flags").bitand(int(Flag.SEEN))).filter(seen=int(Flag.SEEN)).order_by("-at", "-uid")
    )
    ids = list(dict.fromkeys(newest.values_list("message_id", flat=True)[:DEPTH]))
    taught = set(SpamLesson.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
    free = sorted([message_id for message_id in ids if message_id not in taught][:count])
    lessons = [SpamLesson(message_id=one, account_id=account_id, wanted=Kind.KEPT) for one in free]
    # Somebody may move one of them at this moment: then that lesson counts.
    SpamLesson.objects.bulk_create(lessons, ignore_conflicts=True)
    rows = SpamLesson.objects.filter(message_id__in=free, wanted=Kind.KEPT, learned=Kind.NOTHING)
    for lesson in rows.select_for_update(of=("self",)).select_related("message").order_by("message_id"):
        _learn(lesson)
