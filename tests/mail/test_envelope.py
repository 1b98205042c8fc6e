from __future__ import annotations

import pytest

from mailserver.mail.envelope import EMPTY, envelope, in_reply_to
from mailserver.mail.headers import Headers
from tests.support.imapvalues import value

RFC = b"""Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>

"""


def made(header: bytes | str) -> str:
    octets = header if isinstance(header, bytes) else header.encode()
    return envelope(Headers(octets.replace(b"\n", b"\r\n")))


def member(name: str, header: bytes | str):
    names = ["date", "subject", "from", "sender", "reply-to", "to", "cc", "bcc", "in-reply-to", "message-id"]
    return value(made(header).encode())[names.index(name)]


def people(text: bytes | str):
    """(name, route, mailbox, host) of each address in To."""
    octets = text if isinstance(text, bytes) else text.encode()
    found = member("to", b"To: " + octets + b"\n\n")
    return found and [tuple(None if word is None else word.decode() for word in person) for person in found]


def test_the_example_of_the_rfc():
    person = '(("Terry Gray" NIL "gray" "cac.washington.edu"))'
    assert made(RFC) == (
        '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" '
        f"{person} {person} {person} "
        '((NIL NIL "imap" "cac.washington.edu")) '
        '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
        '"<B27397-0100000@cac.washington.edu>")'
    )


def test_no_header_is_all_nil():
    assert made(b"\n") == EMPTY
    assert value(EMPTY.encode()) == [None] * 10


@pytest.mark.parametrize("name", ["Date", "Subject", "In-Reply-To", "Message-ID"])
def test_present_but_empty_is_no_nil(name):
    assert member(name.lower(), f"{name}:  \n\n") == b""


@pytest.mark.parametrize("name", ["From", "Sender", "To", "Cc", "Bcc", "Reply-To"])
def test_an_empty_list_is_nil(name):
    assert member(name.lower(), f"{name}:  \n\n") is None


@pytest.mark.parametrize("name", ["sender", "reply-to"])
@pytest.mark.parametrize("field", ["", "{}: \n", "{}: (nobody)\n"])
def test_from_stands_in(name, field):
    header = "From: a@b\n" + field.format(name) + "\n"
    assert member(name, header) == [[None, None, b"a", b"b"]]


def test_two_senders_are_two_addresses():
    assert member("sender", "Sender: A <a@b>, c@d\n\n") == [[b"A", None, b"a", b"b"], [None, None, b"c", b"d"]]


def test_lists_in_several_fields_are_one():
    assert member("to", "To: a@b\nSubject: x\nTo: c@d\n\n") == [[None, None, b"a", b"b"], [None, None, b"c", b"d"]]


def test_it_unfolds_and_keeps_encoded_words():
    header = "Subject: =?utf-8?q?Cr=C3=AApe?=\n =?utf-8?q?_night?=\nFrom: =?utf-8?b?Wm/Dqw==?= <z@x.org>\n\n"
    assert member("subject", header) == b"=?utf-8?q?Cr=C3=AApe?= =?utf-8?q?_night?="
    assert member("from", header) == [[b"=?utf-8?b?Wm/Dqw==?=", None, b"z", b"x.org"]]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Crêpe".encode(), "Crêpe"),
        ("Crêpe".encode("latin-1"), "Crêpe"),
        (b'a "b" \\ c', 'a "b" \\ c'),
        (b"a\x00b\x01\tc", "ab c"),
    ],
)
def test_octets_above_127_are_text(subject, expected):
    assert member("subject", b"Subject: " + subject + b"\n\n") == expected.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bob <bob@x.org>", [("Bob", None, "bob", "x.org")]),
        ('"Hal, Jr." <hal@x.org>', [("Hal, Jr.", None, "hal", "x.org")]),
        ('"a \\"b\\"" <c@d>', [('a "b"', None, "c", "d")]),
        ("bob@x.org (Bob)", [("Bob", None, "bob", "x.org")]),
        ("<@a,@b:bob@x.org>", [(None, "@a,@b", "bob", "x.org")]),
        ('"john smith"@x.org', [(None, None, "john smith", "x.org")]),
        ('J <"a\\"b"@x.org>', [("J", None, 'a"b', "x.org")]),
        ('"a@b"@x.org', [(None, None, "a@b", "x.org")]),
        ("bob@[192.0.2.1]", [(None, None, "bob", "[192.0.2.1]")]),
        ("root", [(None, None, "root", "")]),
        ("Bob Smith", [("Bob Smith", None, "", "")]),
        ("Bob <>", [(None, None, "Bob", "")]),
        ("bob@crêpes.fr", [(None, None, "bob", "xn--crpes-isa.fr")]),
        ("bob@a..ü", [(None, None, "bob", "a..ü")]),
        ("zoë@x.org", [(None, None, "zoë", "x.org")]),
    ],
)
def test_the_parts_of_an_address(text, expected):
    assert people(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("g: a@b, C <c@d>;", ["g", "a", "c", None]),
        ("g:;", ["g", None]),
        ("undisclosed-recipients: (nobody) ;", ["undisclosed-recipients", None]),
        ("a@b, g: c@d; e@f", ["a", "g", "c", None, "e"]),
        ("g: a@b", ["g", "a", None]),
        ("g: a@b, h: c@d;", ["g", "a", None, "h", "c", None]),
        ("a@b; c@d", ["a", "c"]),
        (": a@b", ["a"]),
    ],
)
def test_groups_begin_and_end(text, expected):
    found = people(text)
    assert [mailbox for _, _, mailbox, _ in found] == expected
    marks = [mailbox for _, _, mailbox, host in found if host is None]
    assert marks[1::2] == [None] * (len(marks) // 2)


def test_domains_of_a_long_list_stay_as_they_are():
    assert {host for _, _, _, host in people("bob@crêpes.fr, " * 100)} == {"xn--crpes-isa.fr"}
    assert {host for _, _, _, host in people("bob@crêpes.fr, " * 101)} == {"crêpes.fr"}


def test_a_list_is_cut_at_a_thousand():
    assert len(people("a@b," * 3000)) == 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("\n", ""),
        ("In-Reply-To: \n\n", ""),
        ("In-Reply-To: <a@x>\n\n", "<a@x>"),
        ("In-Reply-To: <a@x>\nMessage-ID: <b@x>\n\n", "<a@x>"),
        ("Message-ID: <b@x>\n\n", ""),
        ('In-Reply-To: "a \\" NIL" (b) <"ä"@x>\nMessage-ID: x NIL "y" NIL "z")\n\n', '"a \\" NIL" (b) <"ä"@x>'),
        ('Message-ID: <x> NIL NIL)\nSubject: "y" NIL)\n\n', ""),
    ],
)
def test_in_reply_to_is_read_out_of_it(header, expected):
    assert in_reply_to(made(header).encode()) == expected
