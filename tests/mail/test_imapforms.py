"""ENVELOPE, BODY and BODYSTRUCTURE together: against the scripts of imaptest, all corpora, and anything at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from mailserver.mail import structure
from mailserver.mail.imapforms import Forms, forms
from tests.support import corpora, imapscripts
from tests.support.imapvalues import section, value

SCRIPTS = [
    "fetch-body",
    "fetch-body-message-rfc822",
    "fetch-body-message-rfc822-mime",
    "fetch-body-message-rfc822-x2",
    "fetch-body-mime",
    "fetch-bodystructure",
    "fetch-envelope",
]


def made(raw: bytes) -> Forms:
    return forms(raw, structure.scan(raw))


def check(raw: bytes) -> None:
    """The forms are what the grammar allows, in both variants, and agree with each other."""
    found = made(raw)
    for one in (found, found.seven_bit()):
        for form in (one.envelope, one.body, one.bodystructure):
            form.decode("utf-8")
            assert not set(form) & set(b"\r\n\x00")
        check_envelope(value(one.envelope))
        check_body(value(one.bodystructure))
        assert without_extension(value(one.bodystructure)) == value(one.body)
    short = found.seven_bit()
    assert all(form.isascii() for form in (short.envelope, short.body, short.bodystructure))


def check_envelope(envelope: Any) -> None:
    assert len(envelope) == 10
    assert all(text is None or isinstance(text, bytes) for text in (*envelope[:2], *envelope[8:]))
    for people in envelope[2:8]:
        assert people is None or people
        in_group = False
        for name, route, mailbox, host in people or ():
            assert name is None or name
            assert route is None or route
            if host is None:
                assert in_group == (mailbox is None)
                in_group = not in_group
            else:
                assert mailbox is not None
        assert not in_group


def check_body(body: Any) -> None:
    if isinstance(body[0], list):
        count = next(index for index, part in enumerate(body) if not isinstance(part, list))
        assert count
        for child in body[:count]:
            check_body(child)
        subtype, params, *about = body[count:]
        assert isinstance(subtype, bytes)
        check_parameters(params)
        check_about(about)
        return
    main, sub, params, content_id, description, encoding, size, *rest = body
    assert main
    assert sub
    check_parameters(params)
    assert all(text is None or isinstance(text, bytes) for text in (content_id, description))
    assert isinstance(encoding, bytes)
    assert isinstance(size, int)
    if main == b"text":
        assert isinstance(rest.pop(0), int)
        assert b"charset" in params
    elif main == b"message" and sub in (b"rfc822", b"global"):
        check_envelope(rest.pop(0))
        check_body(rest.pop(0))
        assert isinstance(rest.pop(0), int)
    md5, *about = rest
    assert md5 is None or isinstance(md5, bytes)
    check_about(about)


def check_parameters(params: Any) -> None:
    assert params is None or (params and len(params) % 2 == 0 and all(isinstance(text, bytes) for text in params))


def check_about(about: list[Any]) -> None:
    disposition, language, location = about
    if disposition is not None:
        name, params = disposition
        assert isinstance(name, bytes)
        check_parameters(params)
    assert language is None or isinstance(language, (bytes, list))
    assert location is None or isinstance(location, bytes)


def without_extension(body: Any) -> Any:
    """A BODYSTRUCTURE as the BODY that it extends."""
    if isinstance(body[0], list):
        count = next(index for index, part in enumerate(body) if not isinstance(part, list))
        return [*map(without_extension, body[:count]), body[count]]
    if body[0] == b"message" and body[1] in (b"rfc822", b"global"):
        return [*body[:8], without_extension(body[8]), body[9]]
    return body[: 8 if body[0] == b"text" else 7]


@corpora.needed
@pytest.mark.parametrize("name", SCRIPTS)
def test_it_answers_as_the_scripts_of_imaptest_expect(name: str) -> None:
    script = imapscripts.script(name)
    assert script.messages
    for number, item, expected in script.answers:
        found = getattr(made(script.messages[number - 1]), item)
        if item == "envelope":
            assert found == expected
        else:
            # types and names of parameters in whatever case
            assert found.lower() == expected.lower()


@corpora.needed
def test_the_scripts_are_read_in_full() -> None:
    scripts = [imapscripts.script(name) for name in SCRIPTS]
    assert sum(len(script.answers) for script in scripts) == 7
    assert sum(len(script.sections) for script in scripts) == 12


@corpora.needed
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_sizes_are_those_of_the_sections_in_the_scripts(name: str) -> None:
    script = imapscripts.script(name)
    for number, path, octets in script.sections:
        found = made(script.messages[number - 1])
        assert section(value(found.body), path)[6] == len(octets)


@corpora.needed
def test_a_subject_named_nil_is_a_string() -> None:
    (raw,) = imapscripts.script("nil").messages
    assert made(raw).envelope == (b'("Sat, 24 Mar 2007 23:00:00 +0200" "NiL" NIL NIL NIL NIL NIL NIL NIL NIL)')


@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_it_describes_the_corpora(path: Path) -> None:
    raw = path.read_bytes()
    check(raw)
    check(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_a_client_reads_them(path: Path) -> None:
    raw = path.read_bytes()
    found = made(raw).seven_bit()
    response = b"1 (ENVELOPE %b BODYSTRUCTURE %b)" % (found.envelope, found.bodystructure)
    data = parse_fetch_response([response])[1]
    envelope = value(found.envelope)
    assert (data[b"ENVELOPE"].subject, data[b"ENVELOPE"].message_id) == (envelope[1], envelope[9])
    assert data[b"BODYSTRUCTURE"].is_multipart == isinstance(value(found.bodystructure)[0], list)


NAMES = ["Subject", "From", "To", "Sender", "Message-ID", "Content-Type", "Content-Disposition", "Content-ID"]
NAMES += ["Content-Description", "Content-Language", "Content-Location", "Content-MD5", "Content-Transfer-Encoding"]
VALUES = [
    "multipart/mixed; boundary=b",
    "multipart/digest; boundary=c",
    "message/rfc822",
    "message/global",
    "text/html; charset=x",
    "attachment; filename*=utf-8''%0D%0A",
    "base64",
    '"a\\"b" <"x y"@z>',
    "g: a@b, c@d;",
    "=?utf-8?q?=C3=A9?= ü",
]
LINES = ["--b", "--b--", "--c", "--c--", "", "text", "Content-Type: message/rfc822", "To: x:y"]
headers = st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40) | st.sampled_from(VALUES)), max_size=5)
bodies = st.lists(st.sampled_from(LINES))


@given(st.lists(st.tuples(headers, bodies), max_size=4))
def test_any_message_gives_forms_that_clients_can_read(blocks) -> None:
    lines = []
    for header, body in blocks:
        lines += [f"{name}: {text}" for name, text in header] + ["", *body]
    check("\r\n".join(lines).encode("utf-8", "surrogatepass"))


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"From: ", b"Subject: a\nTo: ", b"Content-Type: text/plain; name="])
)
def test_any_octets_give_forms_that_clients_can_read(raw: bytes, start: bytes) -> None:
    check(start + raw)


def nested(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\r\nSubject: s\r\n\r\n" * depth + b"Subject: end\r\n\r\nbody\r\n"


@pytest.mark.parametrize("depth", [1, 49, 50, 200])
def test_messages_inside_messages(depth: int) -> None:
    check(nested(depth))
    assert made(nested(depth)).bodystructure.count(b'"message" "rfc822"') == min(depth, structure.MAX_DEPTH)


@pytest.mark.parametrize("depth", [49, 50, 200])
def test_multiparts_inside_multiparts(depth: int) -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    check(raw)


@pytest.mark.parametrize("count", [1000, 3000])
def test_a_thousand_parts(count: int) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"
    check(raw)
    assert len(value(made(raw).body)) == structure.MAX_PARTS
