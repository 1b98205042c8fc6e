"""Verifying, with dkimpy as the signer and as the other opinion."""

from __future__ import annotations

import itertools
import re

import dkim as dkimpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailserver.mail.senderauth import dkim
from tests.mail.senderauth import keys
from tests.support import corpora

NOW = 1_795_000_000
MESSAGE = (
    b"From: Bob <bob@hamburger.edu>\r\nTo: Alice <alice@crepes.fr>\r\nSubject:  Cr\xc3\xaape\r\n\tnight \r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nDo you like  ketchup?\t\r\nHow about pickles? \r\n\r\n\r\n"
)
KEY_NAME = "mail._domainkey.hamburger.edu"
FORMS = [(header, body) for header in (b"simple", b"relaxed") for body in (b"simple", b"relaxed")]


def signed(message: bytes = MESSAGE, *, forms=(b"relaxed", b"relaxed"), bits: int = 2048, **options) -> bytes:
    """The message with a signature that dkimpy made."""
    options.setdefault("include_headers", [b"from", b"to", b"subject"])
    return (
        dkimpy.sign(message, b"mail", b"hamburger.edu", keys.pem(bits), canonicalize=forms, linesep=b"\r\n", **options)
        + message
    )


def judged(message: bytes, *records: bytes | None, now: int = NOW):
    """The result of the first signature, the key being published unless other records are given."""
    found = dkim.signatures(message)
    answer = None if records == (None,) else list(records or [keys.record()])
    return dkim.verify(found, {KEY_NAME: answer}, now=now)[0]


def resigned(**tags: str) -> bytes:
    """A signature field of nonsense, some tags replaced, in front of the message."""
    usual = {"v": "1", "a": "rsa-sha256", "d": "hamburger.edu", "s": "mail", "h": "from", "bh": "AAAA", "b": "AAAA"}
    line = "; ".join(f"{name}={value}" for name, value in {**usual, **tags}.items() if value != "-")
    return f"DKIM-Signature: {line}\r\n".encode() + MESSAGE


@pytest.mark.parametrize("forms", FORMS)
def test_it_passes_what_dkimpy_signed(forms):
    found = judged(signed(forms=forms))
    assert (found.result, found.domain, found.selector, found.algorithm) == (
        "pass",
        "hamburger.edu",
        "mail",
        "rsa-sha256",
    )
    assert len(found.mark) == 8


@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"\r\n\r\n", b"x", b" \t\r\n", b"x \r\n \r\n\t\r\n", b" x\r\n\r\ny\r\n"]
)
@pytest.mark.parametrize("forms", FORMS)
def test_it_ends_bodies_as_dkimpy_does(forms, body):
    message = b"From: bob@hamburger.edu\r\n\r\n" + body
    assert judged(signed(message, forms=forms, include_headers=[b"from"])).result == "pass"


def test_it_passes_both_signatures_of_rfc_8463():
    message = (
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
        b" d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
        b" subject : date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
        b" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
        b"From: Joe SixPack <joe@football.example.com>\r\n"
        b"To: Suzie Q <suzie@shopping.example.net>\r\n"
        b"Subject: Is dinner ready?\r\n"
        b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
        b"\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    )
    found = dkim.signatures(message)
    name = "brisbane._domainkey.football.example.com"
    assert [signature.key_name for signature in found.signatures] == [name]
    record = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert [item.result for item in dkim.verify(found, {name: [record]}, now=NOW)] == ["pass"]


def test_it_says_none_without_a_signature():
    assert judged(MESSAGE).result == "none"


@pytest.mark.parametrize(
    ("changed", "by", "reason"),
    [
        (b"ketchup", b"mustard", "body was changed"),
        (b"From: Bob", b"From: Rob", "signature does not match"),
        (b"Subject:", b"Subject: x", "signature does not match"),
        (b"c=relaxed/relaxed", b"c=relaxed/relaxed; x=9999999999", "signature does not match"),
    ],
)
def test_it_fails_what_was_changed(changed, by, reason):
    found = judged(signed().replace(changed, by))
    assert (found.result, found.reason) == ("fail", reason)


def test_it_fails_a_second_from_when_from_was_signed_twice():
    message = signed(include_headers=[b"from", b"from"])
    assert judged(message).result == "pass"
    assert judged(b"From: Eve <eve@example.org>\r\n" + message).result == "fail"


def test_it_relaxes_spaces_between_words():
    assert judged(signed().replace(b"like  ketchup", b"like \t ketchup")).result == "pass"
    simple = signed(forms=(b"simple", b"simple"))
    assert judged(simple.replace(b"like  ketchup", b"like \t ketchup")).result == "fail"


def test_it_accepts_no_body_that_is_signed_in_part():
    message = signed(length=True)
    assert judged(message).result == "pass"
    found = judged(message + b"And send me money.\r\n")
    assert (found.result, found.reason) == ("policy", "part of the body is not signed")
    cut = judged(message[: message.index(b"How about")])
    assert (cut.result, cut.reason) == ("fail", "body is shorter than signed")


def test_it_waits_for_a_key_that_could_not_be_asked_for():
    assert judged(signed(), None).result == "temperror"


@pytest.mark.parametrize(
    ("record", "result", "reason"),
    [
        (b"", "permerror", "record is no key"),
        (b"hello", "permerror", "record is no key"),
        (b"p=", "permerror", "key was revoked"),
        (b"v=DKIM2; p=AAAA", "permerror", "unknown version of key"),
        (b"p=AAAA; v=DKIM1", "permerror", "unknown version of key"),
        (b"p=!!!", "permerror", "key is not base64"),
        (b"p=AAAA", "permerror", "key cannot be read"),
        (b"k=ed25519; p=AAAA", "permerror", "key cannot be read"),
        (b"k=dsa; p=AAAA", "permerror", "unknown kind of key"),
        (keys.ed25519_record(), "permerror", "key is for another algorithm"),
        (keys.record() + b"; s=tlsrpt", "permerror", "key is not for mail"),
        (keys.record() + b"; h=sha1", "permerror", "key does not allow sha256"),
    ],
    # Keys are made anew each time, and names of tests must be the same in every process.
    ids=itertools.count(),
)
def test_it_wants_a_key_that_fits(record, result, reason):
    found = judged(signed(), record)
    assert (found.result, found.reason) == (result, reason)


def test_it_finds_no_key():
    found = dkim.verify(dkim.signatures(signed()), {KEY_NAME: []}, now=NOW)[0]
    assert (found.result, found.reason) == ("permerror", "no key")


def test_it_takes_the_first_record_that_is_a_key():
    assert judged(signed(), b"something else", keys.record()).result == "pass"


def test_it_passes_no_short_key():
    found = judged(signed(), keys.short_record())
    assert (found.result, found.reason) == ("policy", "key of 768 bits")


def test_it_passes_a_key_of_1024_bits():
    assert judged(signed(bits=1024), keys.record(1024)).result == "pass"


def test_it_keeps_subdomains_from_a_key_that_is_not_for_them():
    message = signed(identity=b"bob@mail.hamburger.edu")
    assert judged(message).result == "pass"
    assert judged(message, keys.record() + b"; t=y:s").reason == "key is not for subdomains"
    assert judged(signed(identity=b"bob@hamburger.edu"), keys.record() + b"; t=s").result == "pass"


@pytest.mark.parametrize(
    ("tags", "result", "reason"),
    [
        ({"v": "2"}, "permerror", "unknown version"),
        ({"v": "-"}, "permerror", "unknown version"),
        ({"a": "rsa-sha1"}, "policy", "rsa-sha1 is not safe"),
        ({"a": "rsa-md5"}, "permerror", "unknown algorithm"),
        ({"a": "(x); y"}, "permerror", "malformed tag list"),
        ({"d": "not a domain!"}, "permerror", "d= or s= is no domain name"),
        ({"d": "x" * 300}, "permerror", "d= or s= is no domain name"),
        ({"s": "-"}, "permerror", "d= or s= is no domain name"),
        ({"h": "to:subject"}, "permerror", "From is not signed"),
        ({"h": "from:" * 1001 + "from"}, "permerror", "From is not signed"),
        ({"c": "loose/simple"}, "permerror", "unknown canonical form"),
        ({"q": "dns/spf"}, "permerror", "unknown query method"),
        ({"i": "@example.org"}, "permerror", "i= is not within d="),
        ({"i": "@xhamburger.edu"}, "permerror", "i= is not within d="),
        ({"l": "-1"}, "permerror", "l= is no number"),
        ({"l": "9" * 77}, "permerror", "l= is no number"),
        ({"t": "2", "x": "1"}, "permerror", "expired before it was signed"),
        ({"x": "1"}, "fail", "signature has expired"),
        ({"b": "-"}, "permerror", "b= is missing or not base64"),
        ({"bh": "!"}, "permerror", "bh= is missing or not base64"),
        ({"z": "x;d=example.org"}, "permerror", "a tag stands twice"),
        ({"l": "9" * 76}, "fail", "body is shorter than signed"),
    ],
)
def test_it_tells_what_is_wrong_with_a_signature(tags, result, reason):
    found = judged(resigned(**tags))
    assert (found.result, found.reason) == (result, reason)


def test_it_looks_at_five_signatures():
    message = signed()
    field = message.removesuffix(MESSAGE)
    found = dkim.verify(dkim.signatures(field * 7 + MESSAGE), {KEY_NAME: [keys.record()]}, now=NOW)
    assert [item.result for item in found] == ["pass"] * 5


def test_it_makes_the_body_canonical_once(monkeypatch):
    asked = []
    body = dkim.canonical.body
    monkeypatch.setattr(dkim.canonical, "body", lambda octets, form: asked.append(form) or body(octets, form))
    field = signed().removesuffix(MESSAGE)
    dkim.verify(dkim.signatures(field * 3 + MESSAGE), {KEY_NAME: [keys.record()]}, now=NOW)
    assert asked == ["relaxed"]


LINES = st.lists(
    st.sampled_from([b"a", b"b c", b" x", b"y ", b"\tz\t", b"", b" ", b"\t", b"d  e", b".", b"\xff", b"From: x"]),
    max_size=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, forms=st.sampled_from(FORMS), at=st.integers(0, 10_000), octet=st.integers(0, 255))
def test_it_agrees_with_dkimpy_on_changed_messages(lines, forms, at, octet):
    message = signed(
        b"From: bob@hamburger.edu\r\nTo: a\r\n\r\n" + b"".join(line + b"\r\n" for line in lines), forms=forms
    )
    start = message.index(b"From: bob")
    place = start + at % (len(message) - start)
    changed = message[:place] + bytes([octet]) + message[place + 1 :]
    if not _plain_lines(changed):
        return
    ours = judged(changed).result == "pass"
    theirs = dkimpy.verify(changed, dnsfunc=lambda name, timeout=5: keys.record())
    assert ours == theirs


def _plain_lines(message: bytes) -> bool:
    """What SMTP lets through, with a header that every reader takes for the same fields."""
    header, _, _ = message.partition(b"\r\n\r\n")
    fields = re.sub(rb"\r\n[ \t]", b" ", header).split(b"\r\n")
    lone = re.sub(rb"\r\n", b"", message)
    named = all(re.match(rb"[!-9;-~]+:", field) for field in fields)
    return b"\r" not in lone and b"\n" not in lone and named and b"\r\n\r\n" in message and message.endswith(b"\r\n")


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_it_survives_any_octets(value, record):
    message = b"DKIM-Signature: " + value + b"\r\n" + MESSAGE
    found = dkim.signatures(message)
    names = [signature.key_name for signature in found.signatures]
    assert dkim.verify(found, {name: [record] for name in names}, now=NOW)


TAG = st.tuples(
    st.sampled_from(["v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "z", "k", "p"]),
    st.sampled_from(["1", "rsa-sha256", "ed25519-sha256", "AAAA", "relaxed/simple", "x.y", "from:from", "@x.y", ""])
    | st.text(max_size=12),
)


@given(st.lists(TAG, max_size=14), st.lists(TAG, max_size=5))
def test_it_survives_any_tags(tags, key):
    text, record = (";".join(f"{name}={value}" for name, value in pairs) for pairs in (tags, key))
    found = dkim.signatures(b"DKIM-Signature: " + text.encode() + b"\r\n" + MESSAGE)
    names = [signature.key_name for signature in found.signatures]
    for result in dkim.verify(found, {name: [record.encode()] for name in names}, now=NOW):
        assert result.result != "pass"


@corpora.needed
@pytest.mark.parametrize("forms", [(b"relaxed", b"relaxed"), (b"simple", b"simple")])
def test_it_passes_the_corpora_when_dkimpy_signed_them(forms):
    tried = 0
    for name, raw in corpora.messages("mikel-mail"):
        message = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
        if not re.match(rb"[!-9;-~]+:", message) or b"\r\n\r\n" not in message or not _plain_lines(message):
            continue
        if not re.search(rb"(?im)^from:", message.partition(b"\r\n\r\n")[0]):
            continue
        assert judged(signed(message, forms=forms, include_headers=[b"from"])).result == "pass", name
        tried += 1
    assert tried > 20
