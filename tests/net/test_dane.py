"""TLSA records against the chains that servers show."""

from __future__ import annotations

import hashlib

import pytest

from mailserver.net import dane
from mailserver.net.dane import DaneFailed, Tlsa
from tests.support.authority import authority, intermediate, issued

NAMES = ("mx1.hamburger.edu", "hamburger.edu")
SERVER = issued("mx1.hamburger.edu", by="intermediate")


def sha256(octets):
    return hashlib.sha256(octets).digest()


def sha512(octets):
    return hashlib.sha512(octets).digest()


@pytest.mark.parametrize(
    ("record", "usable"),
    [
        (Tlsa(3, 1, 1, b"x" * 32), True),
        (Tlsa(2, 0, 2, b"x" * 64), True),
        (Tlsa(3, 0, 0, b"x"), True),
        (Tlsa(0, 1, 1, b"x" * 32), False),
        (Tlsa(1, 1, 1, b"x" * 32), False),
        (Tlsa(3, 2, 1, b"x" * 32), False),
        (Tlsa(3, 1, 3, b"x" * 32), False),
        (Tlsa(3, 1, 1, b"x" * 31), False),
        (Tlsa(3, 1, 0, b""), False),
    ],
)
def test_it_knows_which_records_count(record, usable):
    assert dane.usable([record]) == ((record,) if usable else ())


@pytest.mark.parametrize(
    "record",
    [
        Tlsa(3, 1, 1, sha256(SERVER.spki)),
        Tlsa(3, 0, 2, sha512(SERVER.der)),
        Tlsa(3, 0, 0, SERVER.der),
        Tlsa(3, 1, 0, SERVER.spki),
        Tlsa(2, 0, 1, sha256(authority().der)),
        Tlsa(2, 1, 2, sha512(authority().spki)),
        Tlsa(2, 1, 1, sha256(intermediate().spki)),
        Tlsa(2, 0, 0, authority().der),
    ],
)
def test_it_takes_what_is_published(record):
    assert dane.check([Tlsa(3, 1, 1, b"x" * 32), record], SERVER.shown, NAMES)


def test_an_anchor_that_the_record_holds_whole_need_not_be_shown():
    record = Tlsa(2, 0, 0, intermediate().der)
    assert dane.check([record], SERVER.shown[:1], NAMES)


@pytest.mark.parametrize("server", [issued("elsewhere.test", own=True), issued("mx1.hamburger.edu", expired=True)])
def test_the_servers_own_certificate_needs_no_name_and_no_date(server):
    assert dane.check([Tlsa(3, 1, 1, sha256(server.spki))], server.shown, NAMES)


@pytest.mark.parametrize(
    ("record", "shown", "result"),
    [
        (Tlsa(3, 1, 1, sha256(authority().spki)), SERVER.shown, "tlsa-invalid"),
        (Tlsa(2, 1, 1, sha256(SERVER.spki)), SERVER.shown, "tlsa-invalid"),
        (Tlsa(2, 1, 1, sha256(authority("Another").spki)), SERVER.shown, "tlsa-invalid"),
        # Shown beside the chain, but it has signed nothing of it.
        (Tlsa(2, 1, 1, sha256(authority("Another").spki)), [*SERVER.shown, authority("Another").der], "tlsa-invalid"),
        (Tlsa(2, 1, 1, sha256(authority().spki)), issued("a.test").shown, "certificate-host-mismatch"),
        (Tlsa(2, 1, 1, sha256(authority().spki)), issued(NAMES[0], expired=True).shown, "tlsa-invalid"),
        (Tlsa(2, 0, 0, b"rubbish"), SERVER.shown, "tlsa-invalid"),
        (Tlsa(3, 1, 1, b"x" * 32), [b"rubbish"], "validation-failure"),
        (Tlsa(3, 1, 1, b"x" * 32), [], "validation-failure"),
    ],
)
def test_it_refuses_what_is_not(record, shown, result):
    with pytest.raises(DaneFailed) as failed:
        dane.check([record], shown, NAMES)
    assert failed.value.result == result


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("mx1.hamburger.edu", "MX1.hamburger.edu.", True),
        ("*.hamburger.edu", "mx1.hamburger.edu", True),
        ("*.hamburger.edu", "a.b.hamburger.edu", False),
        ("*.hamburger.edu", "hamburger.edu", False),
        ("mx*.hamburger.edu", "mx1.hamburger.edu", False),
        ("*.", "edu", False),
    ],
)
def test_names(pattern, host, matches):
    assert dane.name_matches(pattern, host) is matches


@pytest.mark.parametrize("name", ["mx1.hamburger.edu", "other.test"])
def test_the_common_name_counts_without_others(name):
    assert dane.covers(issued(name, common_only=True).certificate, "mx1.hamburger.edu") is (name != "other.test")
