"""Flags and keywords by name."""

from __future__ import annotations

import pytest

from mailserver.errors import InvalidName, NotFound, TooManyKeywords
from mailserver.services import flags, messages
from mailserver.store.models import Change, Label, Mailbox, MailboxMessage, SpamLesson, ThreadBox
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.support.statements import counted

EVERYTHING = ((1, 0xFFFFFFFF),)


@pytest.fixture
def inbox(alice) -> Mailbox:
    """With UIDs 1 to 5."""
    for _ in range(5):
        delivered(alice)
    return alice.mailboxes.get(special_use="inbox")


def store(account, box, runs, *names: str, mode: flags.Mode = "add", unchanged_since: int | None = None):
    return flags.store(account.pk, box.pk, runs, names=names, mode=mode, unchanged_since=unchanged_since)


def names(box, uid: int) -> tuple[str, ...]:
    entry = MailboxMessage.objects.get(mailbox=box, uid=uid)
    return flags.names_of(entry.flags, flags.Keywords(entry.account_id).of(entry.keywords))


def at(box) -> int:
    box.refresh_from_db()
    return box.highestmodseq


def test_it_adds_removes_and_replaces(alice, inbox):
    store(alice, inbox, ((1, 2),), "\\seen", "\\Flagged", "$forwarded", "Friends")
    assert names(inbox, 1) == ("\\Seen", "\\Flagged", "$Forwarded", "Friends")
    store(alice, inbox, ((2, 2),), "\\Flagged", "friends", "Unheard", mode="remove")
    assert names(inbox, 2) == ("\\Seen", "$Forwarded")
    store(alice, inbox, ((1, 2),), "\\Draft", "Orders", "Friends", mode="replace")
    assert names(inbox, 1) == names(inbox, 2) == ("\\Draft", "Friends", "Orders")
    store(alice, inbox, ((1, 1),), mode="replace")
    assert names(inbox, 1) == ()
    assert MailboxMessage.objects.get(mailbox=inbox, uid=1).keywords is None
    assert set(Label.objects.values_list("keyword", flat=True)) == {"Friends", "Orders"}


def test_it_changes_only_what_differs_with_one_modseq(alice, inbox):
    store(alice, inbox, ((2, 2),), "\\Seen")
    before = MailboxMessage.objects.get(mailbox=inbox, uid=2).modseq
    stored = store(alice, inbox, EVERYTHING, "\\Seen")
    assert [(one.uid, one.flags, one.modseq) for one in stored.changed] == [
        (uid, Flag.SEEN, before + 1) for uid in (1, 3, 4, 5)
    ]
    assert (stored.modseq, stored.refused) == (before + 1, ())
    assert MailboxMessage.objects.get(mailbox=inbox, uid=2).modseq == before
    assert Change.objects.get(mailbox=inbox, modseq=before + 1).uids == {1, 3, 4, 5}
    inbox.refresh_from_db()
    assert inbox.unseen == 0


@pytest.mark.parametrize(("mode", "given"), [("add", ["Friends"]), ("remove", ["Orders"]), ("replace", ["Friends"])])
def test_it_leaves_no_trace_when_nothing_differs(alice, inbox, mode, given):
    store(alice, inbox, ((1, 5),), "Friends")
    before = at(inbox)
    stored = store(alice, inbox, ((1, 5),), *given, mode=mode)
    assert (stored.changed, stored.modseq, at(inbox)) == ([], before, before)
    assert not Change.objects.filter(modseq__gt=before).exists()


def test_it_leaves_alone_what_changed_since(alice, inbox):
    since = at(inbox)
    store(alice, inbox, ((2, 3),), "\\Answered")
    stored = store(alice, inbox, ((1, 4),), "\\Seen", unchanged_since=since)
    assert stored.refused == ((2, 3),)
    assert [one.uid for one in stored.changed] == [1, 4]
    assert names(inbox, 2) == ("\\Answered",)
    assert store(alice, inbox, ((1, 9),), "\\Seen", unchanged_since=0).refused == ((1, 5),)


def test_it_needs_as_many_statements_for_many_messages_as_for_one(alice, inbox):
    with counted() as one:
        store(alice, inbox, ((1, 1),), "\\Seen", "Friends")
    with counted() as many:
        store(alice, inbox, ((2, 5),), "\\Seen", "Friends")
    # The keyword was made by the first, and is known since.
    assert len(many) == len(one) - 3 <= 13


@pytest.mark.parametrize(("names", "most"), [(["\\Answered"], 4), (["\\Flagged"], 6), (["\\Seen", "\\Flagged"], 6)])
def test_it_takes_a_handful_of_statements(alice, inbox, names, most):
    """Of which the first and the last, outside of another transaction only the first, are about their plans."""
    with counted() as statements:
        store(alice, inbox, EVERYTHING, *names)
    assert len([one for one in statements if "SAVEPOINT" not in one]) == most


def test_it_leaves_the_lines_alone_that_tell_nothing_new(alice, inbox):
    with counted() as statements:
        store(alice, inbox, EVERYTHING, "\\Deleted", "$MDNSent")
    assert not any("threadbox" in statement for statement in statements)
    store(alice, inbox, ((3, 3),), "\\Seen", "\\Flagged", "Friends")
    entry = MailboxMessage.objects.get(mailbox=inbox, uid=3)
    line = ThreadBox.objects.get(mailbox=inbox, thread=entry.thread_id)
    assert (line.unseen, line.starred, line.labels) == (0, 1, entry.keywords)


def test_it_keeps_the_first_spelling_of_a_keyword(alice, bob, inbox):
    store(alice, inbox, ((1, 1),), "Friends")
    store(alice, inbox, ((2, 2),), "FRIENDS", "friends")
    assert names(inbox, 2) == ("Friends",)
    delivered(bob)
    box = bob.mailboxes.get(special_use="inbox")
    store(bob, box, ((1, 1),), "FRIENDS")
    assert names(box, 1) == ("FRIENDS",)


def test_it_shows_no_label_for_what_programs_note(alice, inbox):
    store(alice, inbox, ((1, 1),), "NonJunk", "$MDNQueued", "Friends")
    assert list(Label.objects.filter(shown=True).values_list("keyword", flat=True)) == ["Friends"]


def test_it_shows_the_tags_of_thunderbird_by_their_names(alice, inbox):
    store(alice, inbox, ((1, 1),), "$label1", "=c3=a9t=c3=a9")
    store(alice, inbox, ((1, 1),), "Friends")
    rows = Label.objects.filter(shown=True).order_by("name").values_list("keyword", "name", "hue")
    assert list(rows) == [("Friends", "Friends", 220), ("$label1", "Important", 30), ("=c3=a9t=c3=a9", "été", 220)]
    line = ThreadBox.objects.get(mailbox=inbox, thread=inbox.entries.get(uid=1).thread_id)
    assert len(line.labels) == 3
    assert names(inbox, 1) == ("$label1", "=c3=a9t=c3=a9", "Friends")


@pytest.mark.parametrize("name", ["\\Unknown", "\\Recent", "", "x" * 201, "é" * 101], ids=range(5))
def test_it_refuses_what_is_no_flag(alice, inbox, name):
    with pytest.raises(InvalidName):
        store(alice, inbox, ((1, 1),), "\\Seen", name)
    assert names(inbox, 1) == ()


def test_it_keeps_so_many_keywords_and_no_more(alice, inbox):
    store(alice, inbox, ((1, 1),), *(f"k{number}" for number in range(flags.MAX_KEYWORDS)))
    assert len(names(inbox, 1)) == flags.MAX_KEYWORDS
    store(alice, inbox, ((2, 2),), "k7")
    with pytest.raises(TooManyKeywords):
        store(alice, inbox, ((2, 2),), "one-more")
    store(alice, inbox, ((2, 2),), "one-more", "k7", mode="remove")
    assert names(inbox, 2) == ()


def test_it_flags_nothing_of_another(alice, charlie, inbox):
    with pytest.raises(NotFound):
        store(charlie, inbox, ((1, 5),), "\\Seen")


def lessons() -> list[tuple[int, int]]:
    return list(SpamLesson.objects.order_by("message_id").values_list("message_id", "wanted"))


# Registered names are bits; Thunderbird uses only the others, which are keywords like any.
@pytest.mark.parametrize(("junk", "good"), [("$Junk", "$NotJunk"), ("Junk", "NonJunk"), ("junk", "NotJunk")])
def test_it_teaches_what_is_called_spam_and_takes_it_back(alice, inbox, junk, good):
    first = MailboxMessage.objects.get(mailbox=inbox, uid=1).message_id
    store(alice, inbox, ((1, 1),), junk, "\\Seen")
    assert lessons() == [(first, SpamLesson.Kind.SPAM)]
    store(alice, inbox, ((1, 1),), junk)
    store(alice, inbox, ((1, 1),), good, mode="remove")
    assert lessons() == [(first, SpamLesson.Kind.SPAM)]
    store(alice, inbox, ((1, 5),), good)
    assert lessons() == [(first, SpamLesson.Kind.NOTHING)]
    store(alice, inbox, ((1, 1),), junk, mode="remove")
    assert lessons() == [(first, SpamLesson.Kind.NOTHING)]


@pytest.mark.parametrize(("said", "good"), [("$Junk", "$NotJunk"), ("Junk", "NonJunk")])
def test_it_teaches_what_is_called_good_in_spam(alice, inbox, said, good):
    junk = alice.mailboxes.get(special_use="junk")
    first = MailboxMessage.objects.get(mailbox=inbox, uid=1).message_id
    messages.move(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1], target_id=junk.pk)
    SpamLesson.objects.all().delete()
    store(alice, junk, EVERYTHING, said)
    assert lessons() == []
    store(alice, junk, EVERYTHING, good)
    assert lessons() == [(first, SpamLesson.Kind.HAM)]


def test_lines_show_labels_and_are_left_alone_by_other_keywords(alice, inbox):
    line = ThreadBox.objects.get(mailbox=inbox, thread=inbox.entries.get(uid=1).thread_id)

    def labels():
        line.refresh_from_db()
        return line.labels

    store(alice, inbox, ((1, 1),), "Friends", "$Forwarding")
    friends = Label.objects.get(keyword="Friends")
    assert labels() == [friends.pk]
    with counted() as statements:
        store(alice, inbox, ((1, 1),), "$Important")
    assert not any("threadbox" in statement for statement in statements)
    assert labels() == [friends.pk]
    store(alice, inbox, ((1, 1),), "Friends", mode="remove")
    assert labels() == []
