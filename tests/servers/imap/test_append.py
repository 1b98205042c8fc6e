"""APPEND, MULTIAPPEND, LITERAL+, APPENDLIMIT and REPLACE."""

from __future__ import annotations

import re

import pytest

from mailserver.servers.imap.limits import Limits
from mailserver.store.models import Account
from tests.support.mail import message as letter


def literal(raw: bytes, before: str = "", *, mark: str = "+", binary: bool = False) -> bytes:
    return f"{before}{'~' if binary else ''}{{{len(raw)}{mark}}}\r\n".encode() + raw


def test_append(bob_in, watcher):
    other = watcher()
    raw = letter(subject="Saved")
    command = b'APPEND INBOX (\\Seen Travel) "17-Jul-1996 02:44:25 -0700" ' + literal(raw)
    done = bob_in.do(command)[-1]
    assert re.fullmatch(rb"OK \[APPENDUID \d+ 1\] Taken\.", done)
    assert other.ok("NOOP")[:2] == [b"1 EXISTS", b"1 RECENT"]
    assert other.ok("FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])") == [
        b'1 FETCH (FLAGS (\\Seen Travel \\Recent) INTERNALDATE "17-Jul-1996 09:44:25 +0000" '
        b"BODY[] {%d}\r\n%b)" % (len(raw), raw)
    ]


def test_the_client_waits_for_our_word(bob_in):
    raw = letter()
    tag = bob_in.send_command(f"APPEND INBOX {{{len(raw)}}}")
    assert bob_in.response() == b"+ Go ahead"
    bob_in.push(raw + b"\r\n")
    assert bob_in.until(tag)[-1].startswith(b"OK [APPENDUID ")


def test_literals_stand_for_any_string(connect, bob):
    from tests.support.people import PASSWORD

    client = connect()
    client.ok(b"LOGIN " + literal(bob.address.encode()) + b" " + literal(PASSWORD.encode()))
    tag = client.send_command("SELECT {5}")
    assert client.response() == b"+ Go ahead"
    client.push(b"inbox\r\n")
    assert client.until(tag)[-1].startswith(b"OK")
    client.ok(b"CREATE " + literal(b"with a literal"))
    client.ok('STATUS "with a literal" (MESSAGES)')


def test_into_the_selected_mailbox(bob_in):
    bob_in.ok("SELECT INBOX")
    assert bob_in.append("INBOX", letter())[:2] == [b"1 EXISTS", b"1 RECENT"]


def test_a_folder_that_is_not_there(bob_in):
    bob_in.refused(b"APPEND Nowhere " + literal(letter()), rb"NO \[TRYCREATE\] .*")
    bob_in.ok("NOOP")


def test_several_are_taken_together(bob_in):
    raws = [letter(subject=str(n)) for n in range(3)]
    command = b"APPEND INBOX (\\Seen) " + literal(raws[0]) + b" " + literal(raws[1]) + b" (\\Draft) " + literal(raws[2])
    done = bob_in.do(command)[-1]
    assert re.fullmatch(rb"OK \[APPENDUID \d+ 1:3\] Taken\.", done)
    bob_in.ok("EXAMINE INBOX")
    assert bob_in.ok("FETCH 1:* FLAGS") == [
        b"1 FETCH (FLAGS (\\Seen \\Recent))",
        b"2 FETCH (FLAGS (\\Recent))",
        b"3 FETCH (FLAGS (\\Draft \\Recent))",
    ]


def test_or_none_of_them(bob_in, bob):
    Account.objects.filter(pk=bob.pk).update(quota=3000)
    raw = letter(body="x" * 70 + "\r\n")
    big = letter(body=("x" * 70 + "\r\n") * 40)
    bob_in.refused(b"APPEND INBOX " + literal(raw) + b" " + literal(big), rb"NO \[OVERQUOTA\] .*")
    assert bob_in.ok("STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 0)"]


def test_bad_flags_refuse_the_message_after_it_was_read(bob_in):
    bob_in.refused(b"APPEND INBOX (\\Recent) " + literal(letter()), rb"BAD .*")
    bob_in.refused(b"APPEND INBOX (\\Unheard) " + literal(letter()), rb"BAD .*")
    assert bob_in.ok("STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 0)"]


def test_lines_end_with_crlf_whatever_was_sent(bob_in):
    bob_in.append("INBOX", b"Subject: bare\n\none\r\ntwo\n")
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("FETCH 1 RFC822") == [
        b"1 FETCH (RFC822 {27}\r\nSubject: bare\r\n\r\none\r\ntwo\r\n FLAGS (\\Seen \\Recent))"
    ]


def test_the_limit_is_told_and_held(strict, bob):
    client = strict(size_limit=5000)(bob.address)
    assert b" APPENDLIMIT=5000" in client.ok("CAPABILITY")[0]
    assert client.ok("STATUS INBOX (APPENDLIMIT)") == [b"STATUS INBOX (APPENDLIMIT 5000)"]
    # Before a word of it was sent.
    client.refused("APPEND INBOX {5001}", rb"NO \[TOOBIG\] .*")
    client.refused(b"APPEND INBOX {5001+}\r\n" + b"x" * 5001, rb"BAD \[TOOBIG\] .*")
    client.append("INBOX", letter(body="x" * 70 + "\r\n"))
    half = letter(body=("x" * 70 + "\r\n") * 40)
    client.refused(b"APPEND INBOX " + literal(half) + b" " + literal(half), rb"BAD \[TOOBIG\] .*")
    assert client.ok("STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 1)"]


def test_far_too_much_under_way_ends_the_session(strict, bob):
    client = strict(size_limit=5000)(bob.address)
    client.send_command("APPEND INBOX {2000000+}")
    assert client.response().startswith(b"* BYE [TOOBIG] ")
    client.expect_end()


def test_a_large_message_waits_on_the_disk(strict, bob, tmp_path):
    client = strict(limits=Limits(in_memory=1000))(bob.address)
    raw = letter(body="".join(f"line {n}\r\n" for n in range(1000)))
    client.append("INBOX", raw)
    client.ok("SELECT INBOX")
    assert client.ok("FETCH 1 BODY.PEEK[]") == [b"1 FETCH (BODY[] {%d}\r\n%b)" % (len(raw), raw)]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["imap.pem"]


def test_no_room_for_what_is_under_way(strict, bob, tmp_path, monkeypatch):
    client = strict(limits=Limits(in_memory=10))(bob.address)

    def full(**options):
        raise OSError("No space left on device")

    monkeypatch.setattr("mailserver.servers.imap.messagedata.tempfile.TemporaryFile", full)
    client.refused(b"APPEND INBOX " + literal(letter()), rb"NO \[UNAVAILABLE\] .*")
    client.ok("NOOP")


def test_nul_comes_in_binary_literals(bob_in):
    """RFC 3516 §4.4: the part is kept in an encoding that every client can read."""
    raw = (
        b"Subject: binary\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: binary\r\n\r\na\0b\r\n"
    )
    bob_in.ok(b"APPEND INBOX " + literal(raw, binary=True))
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("FETCH 1 BINARY.PEEK[1]") == [b"1 FETCH (BINARY[1] ~{5}\r\na\0b\r\n)"]
    (told,) = bob_in.ok("FETCH 1 BODY.PEEK[]")
    assert b"\0" not in told
    assert b"base64" in told


@pytest.mark.parametrize("uid", ["", "UID "])
def test_replace(bob_in, watcher, uid):
    bob_in.append("INBOX", letter(subject="Draft"))
    bob_in.append("INBOX", letter(subject="Other"))
    other = watcher()
    bob_in.ok("SELECT INBOX")
    told = bob_in.ok(f"{uid}REPLACE 1 INBOX (\\Draft) ".encode() + literal(letter(subject="Better")))
    assert re.fullmatch(rb"OK \[APPENDUID \d+ 3\] Taken\.", told[0])
    assert told[1:3] == [b"1 EXPUNGE", b"2 EXISTS"]
    assert b"1 EXPUNGE" in other.ok("NOOP")
    assert other.ok("UID SEARCH ALL") == [b"SEARCH 2 3"]


def test_replace_in_another_folder(bob_in):
    bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    told = bob_in.ok(b"REPLACE * Drafts " + literal(letter()))
    assert re.fullmatch(rb"OK \[APPENDUID \d+ 1\] Taken\.", told[0])
    assert told[1] == b"1 EXPUNGE"
    assert bob_in.ok("STATUS Drafts (MESSAGES)") == [b"STATUS Drafts (MESSAGES 1)"]


def test_replace_what_is_not_there(bob_in):
    bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    bob_in.refused(b"REPLACE 2 INBOX " + literal(letter()), rb"BAD .*")
    bob_in.refused(b"UID REPLACE 9 INBOX " + literal(letter()), rb"NO \[NONEXISTENT\] .*")
    bob_in.refused(b"REPLACE 1 Nowhere " + literal(letter()), rb"NO \[TRYCREATE\] .*")
    bob_in.ok("EXAMINE INBOX")
    bob_in.refused(b"REPLACE 1 INBOX " + literal(letter()), rb"NO \[CANNOT\] .*")
    assert bob_in.ok("STATUS INBOX (MESSAGES UIDNEXT)") == [b"STATUS INBOX (MESSAGES 1 UIDNEXT 2)"]
