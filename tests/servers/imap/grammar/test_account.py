from __future__ import annotations

import pytest

from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.sessioncommands import (
    Authenticate,
    Capability,
    Compress,
    Enable,
    GetQuota,
    GetQuotaRoot,
    Id,
    Idle,
    Login,
    Logout,
    Namespace,
    Noop,
    SetQuota,
    StartTls,
)
from tests.servers.imap.grammar.writing import read

GOOD = [
    (b"CAPABILITY", Capability()),
    (b"noop", Noop()),
    (b"NOOP ", Noop()),
    (b"Logout", Logout()),
    (b"STARTTLS", StartTls()),
    (b"NAMESPACE", Namespace()),
    (b"IDLE", Idle()),
    (b"LOGIN alice@crepes.fr cider", Login("alice@crepes.fr", "cider")),
    (b'login "alice" "ci\\"d\\\\er "', Login("alice", 'ci"d\\er ')),
    (b"LOGIN {5}\r\nalice {6+}\r\nci der", Login("alice", "ci der")),
    (b"LOGIN {0}\r\n {2}\r\n\r\n", Login("", "\r\n")),
    (b"LOGIN alice ci]der", Login("alice", "ci]der")),
    (b'LOGIN alice "cr\xc3\xaape"', Login("alice", "crêpe")),
    (b'LOGIN alice "cr\xeape"', Login("alice", "crêpe")),
    (b"LOGIN  alice   NIL ", Login("alice", "NIL")),
    (b"AUTHENTICATE plain", Authenticate("PLAIN")),
    (b"AUTHENTICATE PLAIN AGFsaWNlAGNpZGVy", Authenticate("PLAIN", b"\0alice\0cider")),
    (b"AUTHENTICATE XOAUTH2 YQ==", Authenticate("XOAUTH2", b"a")),
    (b"AUTHENTICATE EXTERNAL =", Authenticate("EXTERNAL", b"")),
    (b"ID NIL", Id()),
    (b"ID ()", Id()),
    (b'ID ("name" "Correio" "version" NIL)', Id((("name", "Correio"), ("version", None)))),
    (b'ID ( "name"  {2}\r\nab )', Id((("name", "ab"),))),
    (b"ENABLE condstore QRESYNC UTF8=ACCEPT CONDSTORE", Enable(("CONDSTORE", "QRESYNC", "UTF8=ACCEPT"))),
    (b"COMPRESS deflate", Compress("DEFLATE")),
    (b'GETQUOTA ""', GetQuota("")),
    (b"GETQUOTA all", GetQuota("all")),
    (b"GETQUOTAROOT inbox", GetQuotaRoot("INBOX")),
    (
        b'SETQUOTA "" (storage 512 MESSAGE 9223372036854775807)',
        SetQuota("", (("STORAGE", 512), ("MESSAGE", 2**63 - 1))),
    ),
    (b'SETQUOTA "" ()', SetQuota("", ())),
]

BAD = [
    b"",
    b" ",
    b"NOOP x",
    b"FETCHED",
    b"UNAUTHENTICATE",
    b"STARTTLS\0",
    b"LOGIN",
    b"LOGIN alice",
    b"LOGIN alice cider x",
    b"LOGIN alice (cider)",
    b'LOGIN alice "cider',
    b'LOGIN alice "ci\\der"',
    b'LOGIN alice "cider"x',
    b'LOGIN alice "ci\0der"',
    b"LOGIN alice {2}\r\n\0x",
    b"LOGIN alice ~{2}\r\nab",
    b"LOGIN alice cr\xc3\xaape",
    b"LOGIN {5}\r\nalice",
    b"AUTHENTICATE",
    b"AUTHENTICATE PLAIN AGFs=",
    b"AUTHENTICATE PLAIN A!==",
    b"AUTHENTICATE PLAIN ==",
    b"AUTHENTICATE PLAIN YQ== x",
    b"ID",
    b'ID ("name")',
    b'ID (NIL "x")',
    b"ID (name x)",
    b"ID (" + b" ".join([b'"a" "b"'] * 31) + b")",
    b"ENABLE",
    b"ENABLE (CONDSTORE)",
    b"COMPRESS",
    b"GETQUOTA",
    b"GETQUOTAROOT",
    b'SETQUOTA ""',
    b'SETQUOTA "" (STORAGE)',
    b'SETQUOTA "" (STORAGE x)',
    b'SETQUOTA "" (STORAGE 9223372036854775808)',
    b'SETQUOTA "" (STORAGE ' + b"1" * 5000 + b")",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.tag, raised.value.status) == ("a", "BAD")


def test_it_shows_no_password():
    assert "cider" not in repr(read(b"LOGIN alice {5}\r\ncider"))
    assert "cider" not in repr(read(b"AUTHENTICATE PLAIN AGFsaWNlAGNpZGVy"))
    with pytest.raises(ParseError) as raised:
        read(b"LOGIN alice cider x")
    assert "cider" not in str(raised.value)
