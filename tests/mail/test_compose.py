from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.errors import InvalidName
from mailserver.mail import bodies, compose, structure
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.compose import Attachment, Draft, build
from mailserver.mail.message import parse

ALICE = HeaderAddress("Alice", "alice@crepes.fr")
BOB = HeaderAddress("Bob", "bob@hamburger.edu")
DATE = datetime(2026, 5, 12, 14, 5, tzinfo=timezone(timedelta(hours=2)))
DRAFT = Draft(sender=ALICE, to=[BOB], subject="Menu", text="Hello Bob\n", message_id="1@crepes.fr", date=DATE)


def test_it_writes_a_plain_letter() -> None:
    assert build(DRAFT) == (
        b"Date: Tue, 12 May 2026 14:05:00 +0200\r\n"
        b"From: Alice <alice@crepes.fr>\r\n"
        b"To: Bob <bob@hamburger.edu>\r\n"
        b"Subject: Menu\r\n"
        b"Message-ID: <1@crepes.fr>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello Bob\r\n"
    )


def test_it_writes_all_fields() -> None:
    draft = replace(
        DRAFT,
        cc=[HeaderAddress("Café, Paris", "cafe@crepes.fr")],
        bcc=[HeaderAddress("", "secret@crepes.fr")],
        reply_to=[HeaderAddress("", "kitchen@crepes.fr")],
        subject="Crêpes " * 30,
        in_reply_to="<0@hamburger.edu>",
        references=[f"{n}@hamburger.edu" for n in range(300)],
        receipt=True,
        extra=[("List-Id", "<cooks.crepes.fr>")],
    )
    raw = build(draft)
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    parsed = parse(raw)
    assert parsed.cc == list(draft.cc)
    assert parsed.bcc == []
    assert parsed.reply_to == list(draft.reply_to)
    assert parsed.subject == draft.subject.strip()
    assert parsed.in_reply_to == "0@hamburger.edu"
    assert (len(parsed.references), parsed.references[0], parsed.references[-1]) == (
        100,
        "0@hamburger.edu",
        "299@hamburger.edu",
    )
    assert parsed.is_list
    assert b"Disposition-Notification-To: Alice <alice@crepes.fr>" in raw
    assert parse(build(replace(draft, keep_bcc=True))).bcc == list(draft.bcc)


def test_it_writes_an_alternative() -> None:
    raw = build(replace(DRAFT, text="", html="<p>Hello <b>Bob</b></p>"))
    root = structure.scan(raw)
    found = bodies.select(root)
    assert structure.text(raw, found.plain[0]) == "Hello Bob\n"
    assert structure.text(raw, found.html[0]) == "<p>Hello <b>Bob</b></p>\n"


def test_it_puts_pictures_into_the_html_and_files_beside_it() -> None:
    attachments = [
        Attachment("logo.png", "image/png", b"\x89PNG", "logo@crepes.fr"),
        Attachment("unused.png", "image/png", b"\x89PNG", "unused@crepes.fr"),
        Attachment("Speisekarte für Bob.pdf", "application/pdf", b"%PDF\x00\r\n"),
        Attachment("old.eml", "message/rfc822", b"Subject: old\n\nx\n"),
        Attachment("notes.txt", "text/plain", "Grüße\n".encode()),
    ]
    raw = build(replace(DRAFT, html='<img src="cid:logo@crepes.fr">', attachments=attachments))
    root = structure.scan(raw)
    assert [part.type for part in structure.walk(root)] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
        "application/pdf",
        "message/rfc822",
        "text/plain",
        "text/plain",
    ]
    parsed = parse(raw)
    assert [item[0] for item in parsed.attachments] == ["unused.png", "Speisekarte für Bob.pdf", "old.eml", "notes.txt"]
    by_name = {part.name: structure.content(raw, part) for part in structure.walk(root) if part.name}
    assert by_name["Speisekarte für Bob.pdf"] == b"%PDF\x00\r\n"
    assert by_name["notes.txt"] == "Grüße\n".encode()
    assert by_name["old.eml"] == b"Subject: old\r\n\r\nx\r\n"


def test_the_stdlib_reads_the_same() -> None:
    name = "Ein sehr langer Name für eine Datei, damit er in mehrere Stücke zerfällt.pdf"
    raw = build(replace(DRAFT, attachments=[Attachment(name, "application/pdf", b"x")]))
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert [part.get_filename() for part in message.walk()] == [None, None, name]
    assert not any(part.defects for part in message.walk())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain\n.\nFrom me\n", b"7bit"),
        ("Grüße an alle von mir\nFrom me\n.\n", b"quoted-printable"),
        ("x" * 2000, b"quoted-printable"),
        ("Съешь же ещё этих мягких французских булок\n" * 20, b"base64"),
        ("", b"7bit"),
    ],
)
def test_texts_survive_every_server(text: str, encoding: bytes) -> None:
    raw = build(replace(DRAFT, text=text))
    assert b"Content-Transfer-Encoding: " + encoding in raw
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    expected = text if text.endswith("\n") or not text else text + "\n"
    assert structure.text(raw, structure.scan(raw)) == expected


def test_an_enclosed_message_keeps_its_octets() -> None:
    inner = "Subject: Grüße\r\n\r\nGrüße\r\n".encode()
    raw = build(replace(DRAFT, attachments=[Attachment("a.eml", "message/rfc822", inner)]))
    assert inner in raw
    assert raw.count(b"Content-Transfer-Encoding: 8bit") == 2
    long = b"Subject: x\r\n\r\n" + b"x" * 1200
    raw = build(replace(DRAFT, attachments=[Attachment("a.eml", "message/rfc822", long)]))
    assert parse(raw).attachments == [("a.eml", "application/octet-stream", len(long), "2")]


def test_an_address_is_ascii_where_it_can_be() -> None:
    raw = build(replace(DRAFT, to=[HeaderAddress("Jürgen", "j@bücher.example")]))
    assert b"<j@xn--bcher-kva.example>" in raw
    assert "jürgen@crepes.fr".encode() in build(replace(DRAFT, to=[HeaderAddress("", "jürgen@crepes.fr")]))


def test_a_draft_may_be_unfinished() -> None:
    raw = build(Draft(sender=ALICE, to=[HeaderAddress("", "bo")], date=DATE))
    parsed = parse(raw)
    assert (parsed.subject, parsed.message_id, parsed.to) == ("", "", [HeaderAddress("bo", "")])


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\nBcc: x@y.z\r\n", "\x00"])
@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("Subject", lambda mark: {"subject": f"a{mark}b"}),
        ("From", lambda mark: {"sender": HeaderAddress(f"a{mark}b", "a@b.c")}),
        ("To", lambda mark: {"to": [HeaderAddress("", f"a{mark}b@b.c")]}),
        ("Message-ID", lambda mark: {"message_id": f"a{mark}b@b.c"}),
        ("References", lambda mark: {"references": [f"a{mark}b@b.c"]}),
        ("File name", lambda mark: {"attachments": [Attachment(f"a{mark}b", "a/b", b"")]}),
        ("File type", lambda mark: {"attachments": [Attachment("a", f"a/b{mark}b", b"")]}),
        ("Content-ID", lambda mark: {"attachments": [Attachment("a", "a/b", b"", f"a{mark}b")]}),
        ("X-Test", lambda mark: {"extra": [("X-Test", f"a{mark}b")]}),
    ],
)
def test_nothing_is_injected_into_a_header(field: str, change: object, mark: str) -> None:
    with pytest.raises(InvalidName, match=field):
        build(replace(DRAFT, **change(mark)))  # type: ignore[operator]


def test_names_of_extra_fields_are_checked() -> None:
    with pytest.raises(InvalidName):
        build(replace(DRAFT, extra=[("Bad name:", "x")]))


line = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=120)
names = line.map(lambda text: " ".join(text.split())).filter(lambda text: "=?" not in text)


@given(line, names, st.text(max_size=300), st.one_of(st.none(), st.text(max_size=100)))
def test_it_comes_back_as_written(subject: str, name: str, text: str, html: str | None) -> None:
    draft = replace(DRAFT, subject=subject, to=[HeaderAddress(name, BOB.address)], text=text, html=html)
    raw = build(draft)
    parsed = parse(raw)
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert parsed.subject == subject.strip()
    assert parsed.to == [HeaderAddress(name.strip(), BOB.address)]
    plain = structure.text(raw, bodies.select(parsed.root).plain[0])
    expected = "".join("�" if "\ud800" <= c <= "\udfff" else c for c in text).replace("\x00", "")
    if text:
        assert plain.rstrip("\n") == expected.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@given(names, st.binary(max_size=300), st.sampled_from(["text/plain", "application/pdf", "message/rfc822", "a/b", "x"]))
def test_attachments_come_back(name: str, data: bytes, kind: str) -> None:
    raw = build(replace(DRAFT, attachments=[Attachment(name, kind, data)]))
    part = structure.scan(raw).children[1]
    assert part.name == name.strip()
    if part.type != "message/rfc822":
        assert structure.content(raw, part) == data


def test_the_names_of_the_contract_are_here() -> None:
    assert compose.reply_subject("Menu") == "Re: Menu"
    assert compose.forward_subject("Menu") == "Fwd: Menu"
    assert DRAFT.date.astimezone(UTC).hour == 12
