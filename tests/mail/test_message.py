from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import message, structure
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.message import Parsed, parse
from tests.support import corpora

LETTER = """Return-Path: <alice@crepes.fr>
From: =?utf-8?q?Alice_Cr=C3=AApe?= <alice@crepes.fr>
To: Bob <bob@hamburger.edu>, charlie@example.org
Cc: team@hamburger.edu
Bcc: secret@crepes.fr
Reply-To: kitchen@crepes.fr
Subject: Re: [Menu] Crêpes on Friday
Date: Tue, 12 May 2026 14:05:00 +0200
Message-ID: <3@crepes.fr>
In-Reply-To: <2@hamburger.edu> (Bob's message)
References: <1@crepes.fr>
 <2@hamburger.edu>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Bob, see the menu.

On Monday, Bob wrote:
> What is there?
--b
Content-Type: application/pdf; name="../menu.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQ=
--b--
""".encode().replace(b"\n", b"\r\n")


def test_it_reads_all_that_the_store_keeps() -> None:
    parsed = parse(LETTER)
    assert parsed.subject == "Re: [Menu] Crêpes on Friday"
    assert parsed.base_subject == "Crêpes on Friday"
    assert parsed.sender == HeaderAddress("Alice Crêpe", "alice@crepes.fr")
    assert parsed.to == [HeaderAddress("Bob", "bob@hamburger.edu"), HeaderAddress("", "charlie@example.org")]
    assert parsed.cc == [HeaderAddress("", "team@hamburger.edu")]
    assert parsed.bcc == [HeaderAddress("", "secret@crepes.fr")]
    assert parsed.reply_to == [HeaderAddress("", "kitchen@crepes.fr")]
    assert (parsed.message_id, parsed.in_reply_to) == ("3@crepes.fr", "2@hamburger.edu")
    assert parsed.references == ["1@crepes.fr", "2@hamburger.edu"]
    assert parsed.date == datetime(2026, 5, 12, 12, 5, tzinfo=UTC)
    assert parsed.preview == "Bob, see the menu."
    assert parsed.has_attachments
    assert parsed.attachments == [("menu.pdf", "application/pdf", 8, "2")]
    assert LETTER[: parsed.header_length].endswith(b"boundary=b\r\n\r\n")
    assert parsed.search_header == (
        "re: [menu] crepes on friday\x01alice crepe alice@crepes.fr"
        "\x01bob bob@hamburger.edu,  charlie@example.org,  team@hamburger.edu"
    )
    assert not parsed.header_cut
    assert not parsed.is_list
    assert not parsed.auto_submitted


def test_an_empty_message_is_a_message() -> None:
    parsed = parse(b"")
    assert (parsed.subject, parsed.sender, parsed.to, parsed.date, parsed.preview) == ("", None, [], None, "")
    assert parsed.root.type == "text/plain"


def test_text_without_a_header_is_shown() -> None:
    parsed = parse(b"Do you like ketchup?\r\nHow about pickles?\r\n")
    assert (parsed.subject, parsed.preview) == ("", "Do you like ketchup? How about pickles?")


@pytest.mark.parametrize(
    ("field", "is_list", "automatic"),
    [
        ("List-Id: <cooks.crepes.fr>", True, False),
        ("Precedence: bulk", True, False),
        ("Auto-Submitted: auto-replied (vacation)", False, True),
        ("Auto-Submitted: no", False, False),
        ("Precedence: auto_reply", False, True),
    ],
)
def test_it_knows_lists_and_machines(field: str, is_list: bool, automatic: bool) -> None:
    parsed = parse(f"{field}\r\n\r\n".encode())
    assert (parsed.is_list, parsed.auto_submitted) == (is_list, automatic)


def test_it_cuts_what_an_index_could_not_hold() -> None:
    long = "é" * 3000
    parsed = parse(
        f"Message-ID: <{long}>\r\nReferences: <{long}>\r\nSubject: {long}\r\nTo: {long} <{long}>\r\n\r\n".encode()
    )
    check_bounds(parsed)
    assert parsed.header_cut


def test_an_enclosed_message_is_attached_under_its_subject() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Old letter\r\n\r\nx\r\n--b--\r\n"
    )
    assert parse(raw).attachments == [("Old letter.eml", "message/rfc822", 24, "2")]


def check_bounds(parsed: Parsed) -> None:
    people = [*parsed.to, *parsed.cc, *parsed.bcc, *parsed.reply_to, *([parsed.sender] if parsed.sender else [])]
    texts = [parsed.subject, parsed.base_subject, parsed.preview, parsed.message_id, parsed.in_reply_to]
    texts += [*parsed.references, parsed.search_header, json.dumps(structure.to_json(parsed.root), ensure_ascii=False)]
    texts += [text for person in people for text in (person.name, person.address)]
    texts += [text for name, kind, _, section in parsed.attachments for text in (name, kind, section)]
    for text in texts:
        text.encode()
        assert "\x00" not in text
        assert "\\u0000" not in text
    assert all(len(text.encode()) <= 998 for text in [parsed.message_id, parsed.in_reply_to, *parsed.references])
    assert len(parsed.base_subject.encode()) <= 998
    assert len(parsed.search_header.encode()) <= 1000
    assert len(parsed.subject) <= 998
    assert len(parsed.preview) <= 200
    assert len(parsed.references) <= 200
    assert all(len(person.name) <= 200 and len(person.address) <= 320 for person in people)
    assert max(map(len, (parsed.to, parsed.cc, parsed.bcc, parsed.reply_to))) <= 1000
    assert parsed.has_attachments == bool(parsed.attachments)


fields = st.sampled_from(["Subject", "From", "To", "Message-ID", "References", "Date", "Content-Type", "X"])


@given(st.lists(st.tuples(fields, st.text(max_size=60))), st.text(max_size=100))
def test_it_never_raises_on_text(header: list[tuple[str, str]], body: str) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in header) + "\r\n" + body
    check_bounds(parse(raw.encode("utf-8", "surrogatepass")))


@given(st.binary(max_size=500))
def test_it_never_raises_on_octets(raw: bytes) -> None:
    check_bounds(parse(raw))
    check_bounds(parse(b"Content-Type: text/html\n\n" + raw))


@given(st.integers(0, len(LETTER)), st.binary(min_size=1, max_size=4))
def test_it_never_raises_on_a_damaged_letter(at: int, damage: bytes) -> None:
    check_bounds(parse(LETTER[:at] + damage + LETTER[at + len(damage) :]))
    check_bounds(parse(LETTER[:at]))


@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_it_reads_the_corpora(path: Path) -> None:
    check_bounds(parse(path.read_bytes()))


@corpora.needed
def test_the_corpora_give_sane_values() -> None:
    parsed = {name: parse(raw) for name, raw in corpora.messages()}
    with_sender = [item for item in parsed.values() if item.sender and "@" in item.sender.address]
    dated = [item for item in parsed.values() if item.date]
    previewed = [item for item in parsed.values() if item.preview]
    # Many are fragments without these fields; the numbers guard against losing what was read once.
    assert len(parsed) == 193
    assert len(with_sender) >= 140
    assert len(dated) >= 115
    assert len(previewed) >= 160


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("attachment_emails/attachment_content_disposition.eml", ["api.rb"]),
        ("attachment_emails/attachment_with_encoded_name.eml", ["01 Quien Te Dij\ufffdat. Pitbull.mp3"]),
        ("attachment_emails/attachment_with_quoted_filename.eml", ["Eelanalüüsi päring.jpg"]),
    ],
)
@corpora.needed
def test_it_names_attachments(name: str, names: list[str]) -> None:
    parsed = parse((corpora.FOLDER / "mikel-mail" / name).read_bytes())
    assert [attachment[0] for attachment in parsed.attachments] == names


def test_the_version_is_the_one_stored() -> None:
    assert message.PARSER_VERSION == 3
