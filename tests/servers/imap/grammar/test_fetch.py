from __future__ import annotations

import pytest

from mailserver.mail.numbersets import STAR
from mailserver.mail.searchkeys import Numbers, Uids
from mailserver.servers.imap.grammar.attributes import (
    Attribute,
    Binary,
    BinarySize,
    BodySection,
    Preview,
    Section,
)
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.messagecommands import Fetch
from tests.servers.imap.grammar.writing import read

FLAGS, DATE, SIZE = Attribute("FLAGS"), Attribute("INTERNALDATE"), Attribute("RFC822.SIZE")
ENVELOPE, BODY = Attribute("ENVELOPE"), Attribute("BODY")
ONE = Numbers(((1, 1),))

ITEMS = [
    (b"FAST", (FLAGS, DATE, SIZE)),
    (b"all", (FLAGS, DATE, SIZE, ENVELOPE)),
    (b"FULL", (FLAGS, DATE, SIZE, ENVELOPE, BODY)),
    (b"FLAGS", (FLAGS,)),
    (b"(FLAGS)", (FLAGS,)),
    (b"( FLAGS  body flags )", (FLAGS, BODY)),
    (
        b"(UID INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)",
        (Attribute("UID"), DATE, SIZE, ENVELOPE, BODY, Attribute("BODYSTRUCTURE")),
    ),
    (
        b"(MODSEQ EMAILID THREADID SAVEDATE)",
        (Attribute("MODSEQ"), Attribute("EMAILID"), Attribute("THREADID"), Attribute("SAVEDATE")),
    ),
    (b"RFC822", (BodySection(Section(), "RFC822"),)),
    (b"RFC822.HEADER", (BodySection(Section(text="HEADER"), "RFC822.HEADER", peek=True),)),
    (b"RFC822.TEXT", (BodySection(Section(text="TEXT"), "RFC822.TEXT"),)),
    (b"BODY[]", (BodySection(Section(), "BODY[]"),)),
    (b"body.peek[]<0.1>", (BodySection(Section(), "BODY[]<0>", peek=True, partial=(0, 1)),)),
    (
        b"BODY[]<9223372036854775807.9223372036854775807>",
        (BodySection(Section(), "BODY[]<9223372036854775807>", partial=(2**63 - 1, 2**63 - 1)),),
    ),
    (b"BODY[1.2.3]", (BodySection(Section((1, 2, 3)), "BODY[1.2.3]"),)),
    (b"BODY[text]", (BodySection(Section(text="TEXT"), "BODY[TEXT]"),)),
    (b"BODY[1.MIME]<5.10>", (BodySection(Section((1,), "MIME"), "BODY[1.MIME]<5>", partial=(5, 10)),)),
    (b"BODY[2.HEADER]", (BodySection(Section((2,), "HEADER"), "BODY[2.HEADER]"),)),
    (
        b"BODY.PEEK[HEADER.FIELDS (From Subject)]",
        (
            BodySection(
                Section(text="HEADER.FIELDS", fields=("From", "Subject")),
                "BODY[HEADER.FIELDS (From Subject)]",
                peek=True,
            ),
        ),
    ),
    (
        b'BODY[1.header.fields.not ("a" {3}\r\nb]c {1}\r\n" "" "a \\\\b" a:)]<1.2>',
        (
            BodySection(
                Section((1,), "HEADER.FIELDS.NOT", ("a", "b]c", '"', "", "a \\b", "a:")),
                'BODY[1.HEADER.FIELDS.NOT (a "b]c" "\\"" "" "a \\\\b" a:)]<1>',
                partial=(1, 2),
            ),
        ),
    ),
    (
        b"(BODY[HEADER.FIELDS(to)] FLAGS)",
        (BodySection(Section(text="HEADER.FIELDS", fields=("to",)), "BODY[HEADER.FIELDS (to)]"), FLAGS),
    ),
    (b"BINARY[]", (Binary((), "BINARY[]"),)),
    (b"BINARY[1.2]<3.4>", (Binary((1, 2), "BINARY[1.2]<3>", partial=(3, 4)),)),
    (b"BINARY.PEEK[1]", (Binary((1,), "BINARY[1]", peek=True),)),
    (b"(binary.size[1.2])", (BinarySize((1, 2), "BINARY.SIZE[1.2]"),)),
    (b"PREVIEW", (Preview(),)),
    (b"PREVIEW (LAZY)", (Preview(lazy=True),)),
    (b"(PREVIEW (lazy) FLAGS)", (Preview(lazy=True), FLAGS)),
]

GOOD = [
    *[(b"FETCH 1 " + written, Fetch(ONE, items)) for written, items in ITEMS],
    (b"UID FETCH 1:* (FLAGS)", Fetch(Uids(((1, STAR),)), (FLAGS,), uid=True)),
    (b"FETCH $ FLAGS", Fetch(Uids((), saved=True), (FLAGS,))),
    (b"FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775807)", Fetch(ONE, (FLAGS,), changed_since=2**63 - 1)),
    (b"FETCH 1 FLAGS (CHANGEDSINCE 0)", Fetch(ONE, (FLAGS,), changed_since=0)),
    (b"FETCH 1 PREVIEW (CHANGEDSINCE 5)", Fetch(ONE, (Preview(),), changed_since=5)),
    (
        b"UID FETCH 1 (FLAGS) (changedsince 5 vanished)",
        Fetch(Uids(((1, 1),)), (FLAGS,), uid=True, changed_since=5, vanished=True),
    ),
]

BAD = [
    b"FETCH",
    b"FETCH 1",
    b"FETCH 1 ",
    b"FETCH FLAGS",
    b"FETCH 1 ()",
    b"FETCH 1 (ALL)",
    b"FETCH 1 FLAGS BODY",
    b"FETCH 1 (FLAGS",
    b"FETCH 1 SPEED",
    b"FETCH 1 BODY.PEEK",
    b"FETCH 1 BINARY",
    b"FETCH 1 BINARY.SIZE",
    b"FETCH 1 FLAGS[]",
    b"FETCH 1 BODY[",
    b"FETCH 1 BODY[0]",
    b"FETCH 1 BODY[1.]",
    b"FETCH 1 BODY[1.0]",
    b"FETCH 1 BODY[1 TEXT]",
    b"FETCH 1 BODY[1TEXT]",
    b"FETCH 1 BODY[MIME]",
    b"FETCH 1 BODY[BUTTER]",
    b"FETCH 1 BODY[TEXT.1]",
    b"FETCH 1 BODY[HEADER (a)]",
    b"FETCH 1 BODY[HEADER.FIELDS]",
    b"FETCH 1 BODY[HEADER.FIELDS ()]",
    b'FETCH 1 BODY[HEADER.FIELDS ("a\tb")]',
    b'FETCH 1 BODY[HEADER.FIELDS ("cr\xc3\xaape")]',
    b"FETCH 1 BODY[HEADER.FIELDS ({3}\r\na\r\n)]",
    b"FETCH 1 BODY[]<1>",
    b"FETCH 1 BODY[]<1.0>",
    b"FETCH 1 BODY[]<1.2",
    b"FETCH 1 BODY[]<-1.2>",
    b"FETCH 1 BODY[]<9223372036854775808.1>",
    b"FETCH 1 BINARY[TEXT]",
    b"FETCH 1 BINARY.SIZE[1]<0.1>",
    b"FETCH 1 PREVIEW (EAGER)",
    b"FETCH 1 (PREVIEW (EAGER))",
    b"FETCH 1 (FLAGS) ()",
    b"FETCH 1 (FLAGS) (CHANGEDSINCE)",
    b"FETCH 1 (FLAGS) (CHANGEDSINCE -1)",
    b"FETCH 1 (FLAGS) (CHANGEDSINCE 9223372036854775808)",
    b"FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)",
    b"UID FETCH 1 (FLAGS) (VANISHED)",
    b"FETCH 1 (" + b" ".join([b"FLAGS"] * 501) + b")",
    b"FETCH 1 BODY[" + b"1" * 5000 + b"]",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.tag, raised.value.status) == ("a", "BAD")
