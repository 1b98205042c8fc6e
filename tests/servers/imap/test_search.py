"""SEARCH: the keys, ESEARCH, SEARCHRES, WITHIN, MODSEQ."""

from __future__ import annotations

import re

import pytest

from mailserver.errors import SearchTooSlow
from mailserver.services import imapsearch
from tests.support.mail import message as letter


@pytest.fixture
def mail(bob_in):
    """Four messages: 1 seen, 2 flagged and with a keyword, 3 old, 4 large."""
    bob_in.append("INBOX", letter(sender="Alice <alice@crepes.fr>", subject="Breakfast"), "\\Seen")
    bob_in.append("INBOX", letter(subject="Crêpe night", body="Bring cider\r\n"), "\\Flagged Travel")
    raw = letter(subject="Ancient")
    bob_in.ok(b'APPEND INBOX (\\Seen) "17-Jul-1996 02:44:25 +0000" {%d+}\r\n%b' % (len(raw), raw))
    bob_in.append("INBOX", letter(subject="Large", body="x" * 5000), "\\Answered")
    bob_in.ok("SELECT INBOX")
    return bob_in


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("ALL", "1 2 3 4"),
        ("SEEN", "1 3"),
        ("UNSEEN FLAGGED", "2"),
        ("NOT SEEN", "2 4"),
        ("OR FLAGGED ANSWERED", "2 4"),
        ("(SEEN) (OR SUBJECT break SUBJECT anc)", "1 3"),
        ("KEYWORD travel", "2"),
        ("UNKEYWORD Travel SEEN", "1 3"),
        ("FROM alice", "1"),
        ("SUBJECT night", "2"),
        ("CHARSET UTF-8 SUBJECT {6+}\r\ncrêpe", "2"),
        ("BODY cider", "2"),
        ("TEXT breakfast", "1"),
        ('HEADER Message-ID ""', "1 2 3 4"),
        ("HEADER X-Nothing no", ""),
        ("BEFORE 1-Jan-2000", "3"),
        ("SINCE 1-Jan-2000 SEEN", "1"),
        ("SENTON 23-Nov-2026", "1 2 3 4"),
        ("LARGER 5000", "4"),
        ("SMALLER 5000 UNSEEN", "2"),
        ("OLDER 100000000", "3"),
        ("YOUNGER 3600 SEEN", "1"),
        ("2:3", "2 3"),
        ("UID 3:99", "3 4"),
        ("*", "4"),
        ("NEW", "2 4"),
        ("OLD", ""),
        ("DELETED", ""),
        ("UNDRAFT UNDELETED UNANSWERED", "1 2 3"),
    ],
)
def test_keys(mail, key, found):
    assert mail.ok(f"SEARCH {key}") == [f"SEARCH {found}".strip().encode()]


def test_numbers_and_uids(mail):
    mail.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    mail.ok("EXPUNGE")
    assert mail.ok("SEARCH FLAGGED") == [b"SEARCH 1"]
    assert mail.ok("UID SEARCH FLAGGED") == [b"SEARCH 2"]
    assert mail.ok("UID SEARCH 1") == [b"SEARCH 2"]
    mail.refused("SEARCH 4", rb"BAD .*")


def test_esearch(mail):
    def asked(options: str, key: str = "SEEN") -> bytes:
        (line,) = mail.ok(f"UID SEARCH RETURN ({options}) {key}")
        return re.fullmatch(rb'ESEARCH \(TAG "a\d+"\) UID ?(.*)', line)[1]

    assert asked("") == b"ALL 1,3"
    assert asked("ALL COUNT") == b"ALL 1,3 COUNT 2"
    assert asked("MIN MAX") == b"MIN 1 MAX 3"
    assert asked("COUNT", "DELETED") == b"COUNT 0"
    assert asked("MIN MAX ALL", "DELETED") == b""
    mail.refused("SEARCH RETURN (MOST) ALL", rb"BAD .*")
    (line,) = mail.ok("SEARCH RETURN (ALL) ALL")
    assert line.endswith(b") ALL 1:4")


def test_saved_results(mail):
    assert mail.ok("SEARCH RETURN (SAVE) SEEN") == []
    assert mail.ok("FETCH $ UID") == [b"1 FETCH (UID 1)", b"3 FETCH (UID 3)"]
    assert mail.ok("UID SEARCH UID $ SUBJECT anc") == [b"SEARCH 3"]
    mail.ok("STORE $ +FLAGS.SILENT (\\Deleted)")
    assert mail.ok("UID EXPUNGE $") == [b"3 EXPUNGE", b"1 EXPUNGE"]
    assert mail.ok("FETCH $ UID") == []
    assert mail.ok("SEARCH RETURN (SAVE MIN) ALL") != []
    assert mail.ok("FETCH $ UID") == [b"1 FETCH (UID 2)"]
    mail.ok("COPY $ Archive")
    mail.ok("MOVE $ Trash")
    assert mail.ok("UID SEARCH ALL") == [b"SEARCH 4"]
    mail.ok("SELECT INBOX")
    assert mail.ok("FETCH $ UID") == []


def test_a_search_that_fails_saves_nothing(mail, monkeypatch):
    mail.ok("SEARCH RETURN (SAVE) SEEN")

    def slow(**values):
        raise SearchTooSlow("Search for rarer words.")

    with monkeypatch.context() as patch:
        patch.setattr(imapsearch, "find", slow)
        mail.refused("SEARCH RETURN (SAVE) TEXT x", rb"NO \[LIMIT\] Search for rarer words\.")
    assert mail.ok("FETCH $ UID") == []


def test_modseq(mail):
    before = int(re.search(rb"MODSEQ (\d+)", b"".join(mail.ok("STATUS INBOX (HIGHESTMODSEQ)")))[1])
    mail.ok("STORE 2 +FLAGS.SILENT (\\Seen)")
    mail.ok("STORE 4 +FLAGS.SILENT (\\Seen)")
    assert mail.ok(f"SEARCH MODSEQ {before + 1}") == [b"SEARCH 2 4 (MODSEQ %d)" % (before + 2)]
    assert mail.ok(f'SEARCH MODSEQ "/flags/\\\\seen" all {before + 2}') == [b"SEARCH 4 (MODSEQ %d)" % (before + 2)]
    assert mail.ok(f"SEARCH MODSEQ {before + 9}") == [b"SEARCH"]
    (line,) = mail.ok(f"SEARCH RETURN (MIN) MODSEQ {before + 1}")
    assert line.endswith(b"MIN 2 MODSEQ %d" % (before + 1))
    (line,) = mail.ok(f"SEARCH RETURN (MIN COUNT) MODSEQ {before + 1}")
    assert line.endswith(b"MIN 2 COUNT 2 MODSEQ %d" % (before + 2))


def test_what_just_came_has_no_number_yet(mail, watcher):
    other = watcher()
    mail.append("INBOX", letter())
    found, *told = other.ok("SEARCH ALL")
    assert found == b"SEARCH 1 2 3 4"
    assert told[0] == b"5 EXISTS"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SEARCH CHARSET klingon SUBJECT x", rb"NO \[BADCHARSET \(.*\)\] .*"),
        ("SEARCH " + "(" * 60 + "ALL" + ")" * 60, rb"BAD \[LIMIT\] .*"),
        ("SEARCH " + "NOT " * 60 + "ALL", rb"BAD \[LIMIT\] .*"),
        ("SEARCH " + "ALL " * 501, rb"BAD \[LIMIT\] .*"),
        ("SEARCH", rb"BAD .*"),
        ("SEARCH FROM", rb"BAD .*"),
        ("SEARCH SINCE tomorrow", rb"BAD .*"),
    ],
)
def test_searches_that_are_not_made(mail, command, answer):
    mail.refused(command, answer)
    assert mail.ok("SEARCH 1") == [b"SEARCH 1"]
