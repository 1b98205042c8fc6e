from __future__ import annotations

import pytest

from mailserver.mail import bodystructure, structure
from mailserver.mail.imapforms import forms
from tests.support.imapvalues import value

EMPTY = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def octets(text: str) -> bytes:
    return text.encode().replace(b"\n", b"\r\n")


def made(text: str) -> tuple[str, str]:
    raw = octets(text)
    found = forms(raw, structure.scan(raw))
    return found.body.decode(), found.bodystructure.decode()


def long(text: str) -> str:
    return made(text)[1]


def test_the_second_example_of_the_rfc_in_our_spelling():
    """RFC 3501 §7.4.2: a text part and a patch; the figures are of these octets."""
    body, _ = made(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=us-ascii\n\nSee below.\n"
        '--b\nContent-Type: text/plain; charset=us-ascii; name="cc.diff"\nContent-ID: <960723163407@cac.edu>\n'
        "Content-Description: Compiler diff\nContent-Transfer-Encoding: base64\n\nYWJj\nZGVm\n\n--b--\n"
    )
    assert body == (
        '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0)'
        '("text" "plain" ("charset" "us-ascii" "name" "cc.diff") "<960723163407@cac.edu>" "Compiler diff" '
        '"base64" 12 2) "mixed")'
    )


@pytest.mark.parametrize("header", ["Subject: x\n", "Content-Type: text\n", "Content-Type: multipart/mixed\n", ""])
def test_what_says_nothing_else_is_plain_text(header):
    params = '("charset" "us-ascii")'
    assert made(header + "\nhello\n") == (
        f'("text" "plain" {params} NIL NIL "7bit" 7 1)',
        f'("text" "plain" {params} NIL NIL "7bit" 7 1 NIL NIL NIL NIL)',
    )


def test_text_of_another_kind_has_lines_too():
    assert long("Content-Type: text/html; charset=x\n\na\nb\n") == (
        '("text" "html" ("charset" "x") NIL NIL "7bit" 6 2 NIL NIL NIL NIL)'
    )


def test_what_is_no_text_has_no_lines():
    assert made("Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n") == (
        '("image" "png" NIL NIL NIL "base64" 6)',
        '("image" "png" NIL NIL NIL "base64" 6 NIL NIL NIL NIL)',
    )


def test_the_extension_data_of_a_part():
    assert long(
        "Content-Type: image/png\nContent-MD5: Q2hlY2s=\nContent-Disposition: attachment; filename=a.png\n"
        "Content-Language: en\nContent-Location: http://x.org/\n a\n\nx"
    ) == ('("image" "png" NIL NIL NIL "7bit" 1 "Q2hlY2s=" ("attachment" ("filename" "a.png")) "en" "http://x.org/ a")')


def test_the_extension_data_of_a_multipart():
    assert long(
        "Content-Type: multipart/alternative; boundary=b\nContent-Disposition: inline\nContent-Language: en, fr ,\n"
        "Content-Location: a\nContent-MD5: never\n\n--b\nCONTENT-LANGUAGE: de\n\n\n--b--\n"
    ) == (
        '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL "de" NIL) "alternative" '
        '("boundary" "b") ("inline" NIL) ("en" "fr") "a")'
    )


def test_names_of_files_are_readable_text():
    found = long(
        "Content-Type: image/png; name*=utf-8''%C3%A9%0D%0A%22.png\n"
        "Content-Disposition: attachment; filename==?utf-8?q?=C3=A9.png?=\n"
        "Content-Description: =?utf-8?q?=C3=A9?=\n\nx"
    )
    assert found == (
        '("image" "png" ("name" "é \\".png") NIL "=?utf-8?q?=C3=A9?=" "7bit" 1 NIL '
        '("attachment" ("filename" "é.png")) NIL NIL)'
    )


def test_a_message_has_its_envelope_body_and_lines():
    inside = "From: a@b\nSubject: in\nContent-Language: en\n\nhello\n"
    person = '((NIL NIL "a" "b"))'
    envelope = f'(NIL "in" {person} {person} {person} NIL NIL NIL NIL NIL)'
    text = '"text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1'
    size = len(octets(inside))
    assert made(f"Content-Type: message/rfc822\n\n{inside}") == (
        f'("message" "rfc822" NIL NIL NIL "7bit" {size} {envelope} ({text}) 5)',
        f'("message" "rfc822" NIL NIL NIL "7bit" {size} {envelope} ({text} NIL NIL "en" NIL) 5 NIL NIL NIL NIL)',
    )


def test_the_parts_of_a_digest_are_messages():
    body, _ = made("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: s\n\nx\n--b--\n")
    (message, subtype) = value(body.encode())
    assert subtype == b"digest"
    assert message[:2] == [b"message", b"rfc822"]
    assert message[7][1] == b"s"


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global"])
def test_a_message_nobody_can_look_into_is_a_file(kind):
    """The grammar wants an envelope of a message, and base64 hides it (RFC 2046 §5.2.1 forbids it)."""
    assert long(f"Content-Type: {kind}; name=a.eml\nContent-Transfer-Encoding: base64\n\nAAAA") == (
        '("application" "octet-stream" ("name" "a.eml") NIL NIL "base64" 4 NIL NIL NIL NIL)'
    )


@pytest.mark.parametrize("kind", ["message/news", "message/delivery-status", "message/partial"])
def test_other_messages_are_described_as_files_are(kind):
    main, sub = kind.split("/")
    assert long(f"Content-Type: {kind}\n\nSubject: x\n\ny") == (
        f'("{main}" "{sub}" NIL NIL NIL "7bit" 15 NIL NIL NIL NIL)'
    )


def test_behind_so_many_addresses_enclosed_messages_have_empty_envelopes(monkeypatch):
    monkeypatch.setattr(bodystructure, "_MAX_LISTS", 15)
    part = "--b\nContent-Type: message/rfc822\n\nSubject: s\nTo: a@b, c@d\n\nx\n"
    body, _ = made("Content-Type: multipart/mixed; boundary=b\n\n" + part * 2 + "--b--\n")
    first, second, _ = value(body.encode())
    assert len(first[7][5]) == 2
    assert second[7] == value(EMPTY.encode())
    assert second[8][:2] == [b"text", b"plain"]
