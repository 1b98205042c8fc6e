from __future__ import annotations

import dkim as dkimpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailserver.mail.senderauth import dkim, dkimsign
from mailserver.mail.senderauth.dkimsign import Signer
from tests.mail.senderauth import keys

NOW = 1_700_000_000
KEYS = {"rsa": keys.private(2048), "ed25519": keys.ed25519_private()}
MESSAGE = (
    b"From: Alice <alice@crepes.fr>\r\nTo: Bob <bob@hamburger.edu>\r\nSubject: Cr\xc3\xaape\r\n night\r\n"
    b"Received: x\r\n\r\nSaturday \t at seven. \r\n\r\n"
)


def signed(message: bytes = MESSAGE, kind: str = "rsa") -> bytes:
    return dkimsign.sign(message, domain="crepes.fr", signers=[Signer("mail", KEYS[kind])], at=NOW) + message


def judged(message: bytes, kind: str = "rsa") -> str:
    name, record = "mail._domainkey.crepes.fr", dkimsign.record(KEYS[kind]).encode()
    return dkim.verify(dkim.signatures(message), {name: [record]}, now=NOW)[0].result


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_it_signs_so_that_we_believe_it(kind):
    message = signed(kind=kind)
    assert judged(message, kind) == "pass"
    assert judged(message.replace(b"seven", b"eight"), kind) == "fail"
    assert all(len(line) < 100 for line in message.split(b"\r\n"))


def test_both_kinds_sign_the_same(monkeypatch):
    bodies = []
    body = dkimsign.canonical.body
    monkeypatch.setattr(dkimsign.canonical, "body", lambda *given: bodies.append(given) or body(*given))
    signers = [Signer("one", KEYS["rsa"]), Signer("two", KEYS["ed25519"])]
    message = dkimsign.sign(MESSAGE, domain="crepes.fr", signers=signers, at=NOW) + MESSAGE
    assert len(bodies) == 1
    records = {f"{one.selector}._domainkey.crepes.fr": [dkimsign.record(one.key).encode()] for one in signers}
    found = dkim.verify(dkim.signatures(message), records, now=NOW)
    assert [(one.result, one.algorithm) for one in found] == [("pass", "rsa-sha256"), ("pass", "ed25519-sha256")]
    changed = dkim.verify(dkim.signatures(message.replace(b"seven", b"eight")), records, now=NOW)
    assert [one.result for one in changed] == ["fail", "fail"]
    assert dkimsign.sign(MESSAGE, domain="crepes.fr", signers=[], at=NOW) == b""


def test_it_signs_relaxed_and_the_whole_body_at_a_time():
    tags = signed().partition(b"\r\nFrom:")[0].replace(b"\r\n", b"")
    assert b"c=relaxed/relaxed" in tags
    assert b" t=1700000000;" in tags
    assert b" l=" not in tags


SEALED = ("From", "Subject", "Cc", "Reply-To", "Message-ID", "Date", "To", "MIME-Version", "Content-Type", "References")


@pytest.mark.parametrize("more", [f"{name}: eve@evil.example\r\n".encode() for name in SEALED], ids=SEALED)
def test_it_seals_what_a_reader_sees(more):
    assert judged(more + signed()) == "fail"


def test_it_leaves_room_for_traces_and_for_lists_that_change_nothing_else():
    assert judged(b"Received: from y\r\nDelivered-To: bob@hamburger.edu\r\n" + signed()) == "pass"
    assert judged(b"List-Id: <crepes.crepes.fr>\r\nSender: list@crepes.fr\r\n" + signed()) == "pass"


def test_it_seals_the_fields_of_a_list_where_they_are():
    message = signed(b"List-Unsubscribe: <https://crepes.fr/>\r\n" + MESSAGE)
    assert judged(message) == "pass"
    assert judged(b"List-Unsubscribe: <https://evil.example/>\r\n" + message) == "fail"


WORDS = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\xff", b"From: x"]), max_size=12).map(b"".join)


@settings(max_examples=40)
@given(body=WORDS)
def test_it_signs_so_that_dkimpy_believes_it(body):
    message = signed(b"From: alice@crepes.fr\r\nTo: b\r\n\r\n" + body + b"\r\n")
    assert dkimpy.verify(message, dnsfunc=lambda name, timeout=5: keys.record())


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_it_makes_keys_that_can_be_read_and_published(kind):
    key = dkimsign.read_key(dkimsign.make_key(kind))
    message = dkimsign.sign(MESSAGE, domain="crepes.fr", signers=[Signer("mail", key)], at=NOW) + MESSAGE
    found = dkim.signatures(message)
    records = {"mail._domainkey.crepes.fr": [dkimsign.record(key).encode()]}
    assert dkim.verify(found, records, now=NOW)[0].result == "pass"


def test_it_refuses_what_is_no_key():
    with pytest.raises(ValueError):
        dkimsign.read_key(b"x")
