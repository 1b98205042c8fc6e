"""FETCH: every item, sections and their slices, BINARY, PREVIEW, OBJECTID, SAVEDATE."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest

from mailserver.services import entries
from tests.support import imapvalues
from tests.support.mail import message as letter
from tests.support.statements import counted

MIXED = (
    b"From: Alice <alice@crepes.fr>\r\nTo: bob@hamburger.edu\r\nSubject: Two parts\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <mixed@crepes.fr>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Cr=C3=AApes\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b64encode(b"zero\0zero")
    + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inside\r\n\r\nInner text\r\n"
    b"\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: x-rot13\r\n\r\nPercrf\r\n--b--\r\n"
)


@pytest.fixture
def mixed(bob_in):
    bob_in.append("INBOX", MIXED)
    bob_in.ok("SELECT INBOX")
    return bob_in


def fetched(client, items: str, number: int = 1) -> bytes:
    (line,) = client.ok(f"FETCH {number} {items}")
    found = re.fullmatch(rb"%d FETCH \((.*)\)" % number, line, re.DOTALL)
    assert found, line
    return found[1]


def test_macros(mixed):
    assert re.fullmatch(
        rb'FLAGS \(\\Recent\) INTERNALDATE "[ \d]\d-\w{3}-\d{4} \d\d:\d\d:\d\d \+0000" RFC822\.SIZE %d' % len(MIXED),
        fetched(mixed, "FAST"),
    )
    assert b" ENVELOPE (" in fetched(mixed, "ALL")
    assert b" BODY (" in fetched(mixed, "FULL")


def test_envelope_and_structure(mixed):
    envelope = imapvalues.value(fetched(mixed, "ENVELOPE").removeprefix(b"ENVELOPE "))
    assert envelope[1] == b"Two parts"
    assert envelope[2] == [[b"Alice", None, b"alice", b"crepes.fr"]]
    assert envelope[9] == b"<mixed@crepes.fr>"
    structure = imapvalues.value(fetched(mixed, "BODYSTRUCTURE").removeprefix(b"BODYSTRUCTURE "))
    assert [part[:2] for part in structure[:4]] == [
        [b"text", b"plain"],
        [b"application", b"octet-stream"],
        [b"message", b"rfc822"],
        [b"text", b"plain"],
    ]


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        ("", MIXED),
        ("HEADER", MIXED[: MIXED.index(b"preamble")]),
        ("TEXT", MIXED[MIXED.index(b"preamble") :]),
        ("1", b"Cr=C3=AApes"),
        ("1.MIME", b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"),
        ("3", b"Subject: Inside\r\n\r\nInner text\r\n"),
        ("3.HEADER", b"Subject: Inside\r\n\r\n"),
        ("3.TEXT", b"Inner text\r\n"),
        ("3.1", b"Inner text\r\n"),
        ("HEADER.FIELDS (SUBJECT to)", b"To: bob@hamburger.edu\r\nSubject: Two parts\r\n\r\n"),
        ("3.HEADER.FIELDS.NOT (SUBJECT)", b"\r\n"),
        ("HEADER.FIELDS (X-Nothing)", b"\r\n"),
    ],
)
def test_sections(mixed, section, octets):
    assert fetched(mixed, f"BODY.PEEK[{section}]") == b"BODY[%b] {%d}\r\n%b" % (
        section.encode(),
        len(octets),
        octets,
    )


@pytest.mark.parametrize("section", ["5", "1.1.1", "3.7", "2.HEADER"])
def test_no_such_section(mixed, section):
    assert fetched(mixed, f"BODY.PEEK[{section}]") == f"BODY[{section}] NIL".encode()


@pytest.mark.parametrize("item", ["BODY[0]", "BODY[1", "BODY[MIME]", "BODY[]<5>", "BODY[]<0.0>", "ENVELOP", "()"])
def test_no_such_item(mixed, item):
    mixed.refused(f"FETCH 1 {item}", rb"BAD .*")


@pytest.mark.parametrize(
    ("first", "length", "octets"),
    [(0, 5, MIXED[:5]), (len(MIXED) - 3, 100, MIXED[-3:]), (len(MIXED), 1, b""), (10**9, 10**9, b"")],
)
def test_slices(mixed, first, length, octets):
    assert fetched(mixed, f"BODY.PEEK[]<{first}.{length}>") == b"BODY[]<%d> {%d}\r\n%b" % (first, len(octets), octets)


def test_the_old_names(mixed):
    assert fetched(mixed, "RFC822.HEADER").startswith(b"RFC822.HEADER {")
    assert fetched(mixed, "RFC822.TEXT").startswith(b"RFC822.TEXT {")
    assert fetched(mixed, "RFC822").startswith(b"RFC822 {%d}\r\n" % len(MIXED))


def test_reading_marks_as_read_and_says_so(mixed, watcher):
    other = watcher()
    assert b"FLAGS" not in fetched(mixed, "BODY.PEEK[]")
    assert fetched(mixed, "BODY[1]").endswith(b" FLAGS (\\Seen \\Recent)")
    assert b"FLAGS" not in fetched(mixed, "BODY[1]")
    assert mixed.ok("NOOP") == []
    assert other.ok("NOOP") == [b"1 FETCH (FLAGS (\\Seen))"]


def test_reading_what_was_read_asks_for_no_lock(mixed):
    fetched(mixed, "BODY[1]")
    with counted() as statements:
        assert fetched(mixed, "BODY[1]").startswith(b"BODY[1] {")
    assert statements
    assert not any("UPDATE" in statement for statement in statements)


def test_binary(mixed):
    assert fetched(mixed, "BINARY.PEEK[1]") == b"BINARY[1] {7}\r\nCr\xc3\xaapes"
    assert fetched(mixed, "BINARY.PEEK[2]") == b"BINARY[2] ~{9}\r\nzero\0zero"
    assert fetched(mixed, "BINARY.PEEK[2]<2.4>") == b"BINARY[2]<2> ~{4}\r\nro\0z"
    assert fetched(mixed, "BINARY.SIZE[2]") == b"BINARY.SIZE[2] 9"
    assert fetched(mixed, "BINARY.PEEK[9]") == b"BINARY[9] NIL"
    assert fetched(mixed, "BINARY[1]").endswith(b" FLAGS (\\Seen \\Recent)")


@pytest.mark.parametrize("item", ["BINARY.PEEK[4]", "BINARY.SIZE[4]", "(UID BINARY[4])"])
def test_an_encoding_that_nobody_knows(mixed, item):
    mixed.refused(f"FETCH 1 {item}", rb"NO \[UNKNOWN-CTE\] .*")
    assert fetched(mixed, "BODY.PEEK[4]") == b"BODY[4] {6}\r\nPercrf"


def test_preview(bob_in):
    bob_in.append("INBOX", letter(body="Saturday at seven it is.\r\n"))
    bob_in.append("INBOX", letter(body="ä" * 400))
    bob_in.ok("SELECT INBOX")
    assert fetched(bob_in, "PREVIEW") == b'PREVIEW "Saturday at seven it is."'
    assert fetched(bob_in, "(PREVIEW (LAZY))") == b'PREVIEW "Saturday at seven it is."'
    octets = fetched(bob_in, "PREVIEW", 2).partition(b"\r\n")[2].decode()
    assert 100 <= len(octets) <= 256
    assert set(octets) <= {"ä", "…"}


def test_object_ids_go_with_the_message(bob_in):
    bob_in.append("INBOX", letter(message_id="one@crepes.fr"))
    bob_in.append("INBOX", letter(message_id="two@crepes.fr", reply_to="one@crepes.fr", subject="Re: Crêpe night"))
    bob_in.ok("SELECT INBOX")
    first, second = (fetched(bob_in, "(EMAILID THREADID)", number) for number in (1, 2))
    assert re.fullmatch(rb"EMAILID \(M\d+\) THREADID \(T\d+\)", first)
    assert first.split()[1] != second.split()[1]
    assert first.split()[3] == second.split()[3]
    bob_in.ok("COPY 1 Archive")
    email, thread = (word.strip(b"()") for word in first.split()[1::2])
    assert bob_in.ok(b"UID SEARCH EMAILID " + email) == [b"SEARCH 1"]
    assert bob_in.ok(b"UID SEARCH THREADID " + thread) == [b"SEARCH 1 2"]
    bob_in.ok("SELECT Archive")
    assert fetched(bob_in, "(EMAILID THREADID)") == first


def test_save_date(bob_in):
    bob_in.ok(b'APPEND INBOX "17-Jul-1996 02:44:25 +0000" {%d+}\r\n%b' % (len(MIXED), MIXED))
    bob_in.ok("SELECT INBOX")
    found = re.fullmatch(
        rb'INTERNALDATE "17-Jul-1996 02:44:25 \+0000" SAVEDATE "([^"]+)"', fetched(bob_in, "(INTERNALDATE SAVEDATE)")
    )
    assert b"1996" not in found[1]
    assert bob_in.ok("SEARCH SAVEDBEFORE 1-Jan-2000") == [b"SEARCH"]
    assert bob_in.ok("SEARCH SAVEDSINCE 1-Jan-2000 SAVEDATESUPPORTED") == [b"SEARCH 1"]


def test_uid_fetch(bob_in):
    for _ in range(3):
        bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    bob_in.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    bob_in.ok("EXPUNGE")
    assert bob_in.ok("UID FETCH 1:2,9 FLAGS") == [b"1 FETCH (UID 2 FLAGS (\\Recent))"]
    assert bob_in.ok("UID FETCH 7:* UID") == [b"2 FETCH (UID 3)"]
    assert bob_in.ok("FETCH * UID") == [b"2 FETCH (UID 3)"]
    assert bob_in.ok("UID FETCH 77 FLAGS") == []
    bob_in.refused("FETCH 3 FLAGS", rb"BAD .*")


def test_many_messages_come_in_order(bob_in):
    raw = letter()
    bob_in.ok(b"APPEND INBOX " + b" ".join(b"{%d+}\r\n%b" % (len(raw), raw) for _ in range(250)))
    bob_in.ok("SELECT INBOX")
    lines = bob_in.ok("FETCH 1:* (UID RFC822.SIZE)")
    assert lines == [b"%d FETCH (UID %d RFC822.SIZE %d)" % (n, n, len(raw)) for n in range(1, 251)]


def without_heads(monkeypatch):
    """As for a large message: its octets do not come with its row."""
    real = entries.rows
    bare = lambda **values: [row._replace(head=b"") for row in real(**values)]  # noqa: E731
    bare.__name__ = "rows"
    monkeypatch.setattr(entries, "rows", bare)


def test_a_message_that_breaks_off_ends_the_session(mixed, monkeypatch):
    """Its length has been said: a tagged response would be read as a part of it."""
    monkeypatch.setattr("mailserver.servers.imap.bodies.PIECE", 10)
    without_heads(monkeypatch)
    real, calls = entries.octets, []

    def breaking(**values):
        calls.append(values)
        if len(calls) > 3:
            raise RuntimeError("the blob is gone")
        return real(**values)

    breaking.__name__ = "octets"
    monkeypatch.setattr(entries, "octets", breaking)
    mixed.send_command("FETCH 1 BODY.PEEK[]")
    mixed._line()
    assert b"SERVERBUG" not in mixed._heard
    with pytest.raises(AssertionError, match="hung up"):
        mixed._exactly(len(MIXED))


def test_a_message_that_cannot_be_read_is_not_told_in_part(mixed, monkeypatch):
    def broken(**values):
        raise RuntimeError("the blob is gone")

    without_heads(monkeypatch)
    monkeypatch.setattr(entries, "octets", broken)
    mixed.refused("FETCH 1 (UID BODY.PEEK[])", rb"NO \[SERVERBUG\] .*")
    assert mixed.ok("FETCH 1 UID") == [b"1 FETCH (UID 1)"]
