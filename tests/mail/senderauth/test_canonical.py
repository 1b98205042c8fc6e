from __future__ import annotations

import time

import pytest
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailserver.mail.senderauth import canonical

PIECES = st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"bc", b":", b"\xe9"]), max_size=30).map(b"".join)


def oracle(form: str) -> CanonicalizationPolicy:
    return CanonicalizationPolicy.from_c_value(f"{form}/{form}".encode())


def test_it_relaxes_the_header_of_the_rfc():
    assert canonical.header_field(b"A: X\r\n", "relaxed") == b"a:X\r\n"
    assert canonical.header_field(b"B : Y\t\r\n\tZ  \r\n", "relaxed") == b"b:Y Z\r\n"


def test_it_relaxes_the_body_of_the_rfc():
    body = b" C \r\nD \t E\r\n\r\n\r\n"
    assert canonical.body(body, "relaxed") == b" C\r\nD E\r\n"
    assert canonical.body(body, "simple") == b" C \r\nD \t E\r\n"


def test_it_makes_an_empty_body_a_line_or_nothing():
    assert canonical.body(b"", "simple") == b"\r\n"
    assert canonical.body(b"\r\n\r\n", "simple") == b"\r\n"
    assert canonical.body(b"\r\n\r\n", "relaxed") == b""


@pytest.mark.parametrize("form", ["simple", "relaxed"])
@given(octets=PIECES)
def test_it_agrees_with_dkimpy_on_bodies(form, octets):
    octets += b"\r\n"  # as all that comes by SMTP
    assert canonical.body(octets, form) == oracle(form).canonicalize_body(octets)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=PIECES, block=st.integers(1, 5))
def test_it_does_not_matter_where_blocks_end(monkeypatch, octets, block):
    whole = canonical.body(octets, "relaxed")
    with monkeypatch.context() as small:
        small.setattr(canonical, "_BLOCK", block)
        assert canonical.body(octets, "relaxed") == whole


@pytest.mark.parametrize("form", ["simple", "relaxed"])
@given(value=st.lists(st.sampled_from([b"\r\n ", b"\r\n\t", b" ", b"\t", b"a", b"B:"]), max_size=20).map(b"".join))
def test_it_agrees_with_dkimpy_on_fields(form, value):
    name = b"Subject"
    (pair,) = oracle(form).canonicalize_headers([(name, value + b"\r\n")])
    assert canonical.header_field(name + b":" + value + b"\r\n", form) == b":".join(pair)


@pytest.mark.parametrize("field", [b"S: a=b; b=XX; c=d\r\n", b"S:b = X\r\n X; c=d\r\n", b"S: bh=yy;\r\n\tb=\r\n XX"])
def test_it_empties_the_signature(field):
    assert b"X" not in canonical.unsigned(field)
    assert canonical.unsigned(field).count(b"=") == field.count(b"=")


@pytest.mark.parametrize("octets", [b" ", b"\t ", b"\r\n", b"\n", b" \r\n", b"a  ", b"ab \t\r\n"])
def test_it_takes_no_longer_for_hostile_bodies(octets):
    body = octets * (8 * 1024 * 1024 // len(octets))
    started = time.process_time()
    canonical.body(body, "relaxed")
    canonical.body(body, "simple")
    assert time.process_time() - started < 2
