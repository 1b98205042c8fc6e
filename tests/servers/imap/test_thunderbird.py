"""What Thunderbird 153 sends, as its log has it, and what it has to hear."""

from __future__ import annotations

import pytest

from mailserver.store.models import Label, SpamLesson
from tests.support.mail import message as letter

HEADERS = (
    "(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority "
    "References Newsgroups In-Reply-To Content-Type Reply-To Received)])"
)


@pytest.fixture
def thunderbird(bob_in):
    """Signed in, as each of its connections begins."""
    assert bob_in.ok("namespace") == [b'NAMESPACE (("" "/")) NIL NIL']
    assert bob_in.ok('ID ("name" "Thunderbird" "version" "153.8.0")') == [b'ID ("name" "Correio")']
    assert bob_in.ok("ENABLE UTF8=ACCEPT") == [b"ENABLED UTF8=ACCEPT"]
    return bob_in


def test_it_finds_the_folders_and_what_they_are_for(thunderbird):
    thunderbird.ok('create "Été/Plans"')
    thunderbird.ok('subscribe "Été/Plans"')
    assert b'XLIST (\\HasNoChildren \\Spam) "/" "Spam"' in thunderbird.ok('xlist "" "%"')
    assert thunderbird.ok('xlist "" "%/%"') == ['XLIST (\\HasNoChildren) "/" "Été/Plans"'.encode()]
    told = thunderbird.ok('list (subscribed) "" "*" return (special-use)')
    assert b'LIST (\\Subscribed \\Archive) "/" "Archive"' in told
    assert 'LIST (\\Subscribed) "/" "Été/Plans"'.encode() in told


def test_it_is_told_nothing_of_a_folder_that_it_selects(thunderbird):
    """A LIST without attributes made it forget that the folder is subscribed."""
    for mailbox in ("INBOX", "Sent"):
        told = thunderbird.ok(f'select "{mailbox}"')
        assert not [line for line in told if line.startswith(b"LIST")]
        assert b"0 RECENT" in told


def test_it_reads_headers_and_texts(thunderbird):
    thunderbird.append("INBOX", letter(subject="Galettes"))
    thunderbird.ok('select "INBOX"')
    assert thunderbird.ok('getquotaroot "INBOX"')[0] == b'QUOTAROOT "INBOX" Account'
    assert thunderbird.ok("UID fetch 1:* (FLAGS)") == [b"1 FETCH (UID 1 FLAGS (\\Recent))"]
    (found,) = thunderbird.ok(f"UID fetch 1 {HEADERS}")
    assert b"Subject: Galettes\r\n" in found
    (found,) = thunderbird.ok("UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])")
    assert found.startswith(b"1 FETCH (UID 1 RFC822.SIZE ")
    assert thunderbird.ok("UID fetch 2:* (FLAGS)") == [b"1 FETCH (UID 1 FLAGS (\\Recent))"]


def test_it_asks_for_all_changes_of_a_folder_that_it_never_saw(thunderbird):
    """With `mail.server.default.use_condstore`; a BAD made it give the folder up."""
    thunderbird.append("INBOX", letter())
    thunderbird.ok('select "INBOX"')
    (found,) = thunderbird.ok("UID fetch 1:* (FLAGS) (CHANGEDSINCE 0)")
    assert found.startswith(b"1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (")
    seen = int(found.split(b"(")[-1].rstrip(b")"))
    assert thunderbird.ok(f"UID fetch 1:* (FLAGS) (CHANGEDSINCE {seen})") == []


def test_its_tags_are_labels(thunderbird, bob):
    thunderbird.append("INBOX", letter())
    thunderbird.ok('select "INBOX"')
    told = thunderbird.ok("uid store 1 +FLAGS ($label1)")
    assert told[-1] == b"1 FETCH (UID 1 FLAGS ($label1 \\Recent))"
    thunderbird.ok("uid store 1 +FLAGS (cr=c3=aapes=20du=20soir=20=28=c3=a9t=c3=a9=29)")
    shown = Label.objects.filter(account=bob, shown=True).values_list("name", flat=True)
    assert sorted(shown) == ["Important", "crêpes du soir (été)"]


def test_what_it_calls_spam_teaches(thunderbird):
    thunderbird.append("INBOX", letter())
    thunderbird.ok('select "INBOX"')
    for command in ("uid store 1 +FLAGS (Junk)", "uid store 1 -FLAGS (NonJunk)", "uid store 1 +Flags (\\Seen)"):
        thunderbird.ok(command)
    assert SpamLesson.objects.get().wanted == SpamLesson.Kind.SPAM
    thunderbird.ok("uid store 1 +FLAGS (NonJunk)")
    thunderbird.ok("uid store 1 -FLAGS (Junk)")
    assert SpamLesson.objects.get().wanted == SpamLesson.Kind.NOTHING


def test_it_saves_a_draft_and_then_the_next(thunderbird):
    thunderbird.ok('select "Drafts"')
    for number, subject in enumerate(("Crêpes", "Crêpes, encore"), 1):
        raw = letter(subject=subject)
        told = thunderbird.ok(b'append "Drafts" (\\Draft) UTF8 (~{%d+}\r\n%b)' % (len(raw), raw))
        assert told[0] == b"%d EXISTS" % number
    assert thunderbird.ok("uid store 1 +Flags (\\Seen \\Deleted)")
    assert thunderbird.ok("uid expunge 1") == [b"1 EXPUNGE"]
    assert thunderbird.ok("UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])") == []


def test_it_searches_beyond_ascii(thunderbird):
    thunderbird.append("INBOX", letter(subject="Crêpes"))
    thunderbird.ok('select "INBOX"')
    tag = thunderbird.send_command("uid SEARCH UNDELETED SUBJECT {6}")
    assert thunderbird.response().startswith(b"+ ")
    thunderbird.push("Crêpe\r\n".encode())
    *found, done = thunderbird.until(tag)
    assert (found, done[:3]) == ([b"* SEARCH 1"], b"OK ")


def test_it_renames_with_what_is_below(thunderbird):
    thunderbird.ok('create "Travel/Plans"')
    thunderbird.ok('subscribe "Travel/Plans"')
    assert thunderbird.ok('list (subscribed) "" "Travel/*" return (special-use)') == [
        b'LIST (\\Subscribed) "/" "Travel/Plans"'
    ]
    for command in (
        'rename "Travel" "Voyages à pied"',
        'subscribe "Voyages à pied"',
        'unsubscribe "Travel"',
        'subscribe "Voyages à pied/Plans"',
        'unsubscribe "Travel/Plans"',
    ):
        assert thunderbird.ok(command) == []
    told = thunderbird.ok('list (subscribed) "" "*" return (special-use)')
    assert 'LIST (\\Subscribed) "/" "Voyages à pied/Plans"'.encode() in told
    assert not [line for line in told if b"Travel" in line]


def test_it_empties_the_trash_with_the_folders_in_it(thunderbird):
    thunderbird.append("INBOX", letter())
    thunderbird.ok('create "Old plans"')
    thunderbird.ok('rename "Old plans" "Trash/Old plans"')
    thunderbird.ok('select "INBOX"')
    assert thunderbird.ok('uid move 1 "Trash"')[-1] == b"1 EXPUNGE"
    thunderbird.ok('select "Trash"')
    assert thunderbird.ok("store 1:* +FLAGS.SILENT (\\Deleted)") == []
    assert thunderbird.ok("expunge") == [b"1 EXPUNGE"]
    assert thunderbird.ok('list "" "Trash/*"') == [b'LIST (\\HasNoChildren) "/" "Trash/Old plans"']
    assert thunderbird.ok('delete "Trash/Old plans"') == []
    assert thunderbird.ok('unsubscribe "Trash/Old plans"') == []
