from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes

from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import trace

AT = datetime(2026, 11, 23, 14, 5, 2, tzinfo=UTC)


def line(**changes) -> bytes:
    values = {
        "helo": "crepes.fr",
        "peer": "198.51.100.7",
        "by": "mx1.hamburger.edu",
        "protocol": "ESMTPS",
        "tls": "TLSv1.3 TLS_AES_256_GCM_SHA384",
        "reference": "ABCDEFGH2345",
        "recipient": "bob@hamburger.edu",
        "at": AT,
    }
    return trace.received(**(values | changes))


def test_it_says_who_gave_the_message_and_how():
    assert line() == (
        b"Received: from crepes.fr ([198.51.100.7])\r\n"
        b"\tby mx1.hamburger.edu with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
        b"\tid ABCDEFGH2345 for <bob@hamburger.edu>;\r\n"
        b"\tMon, 23 Nov 2026 14:05:02 +0000\r\n"
    )


@given(st.text())
def test_it_stays_one_field_whatever_the_peer_calls_itself(helo):
    parsed = message_from_bytes(line(helo=helo) + b"Subject: x\r\n\r\nbody")
    assert parsed.keys() == ["Received", "Subject"]


def test_it_finds_the_marks_of_those_who_passed_it_on():
    header = (
        trace.delivered_to("Team@Crepes.fr")
        + b"delivered-to:\r\n\tana@mill.pt \r\nX-Delivered-To: x@y.example\r\nSubject: Delivered-To: no\r\n"
        + b"Delivered-To: \xff\xfe\r\n"
    )
    assert {"team@crepes.fr", "ana@mill.pt"} < trace.marks(header)
    assert len(trace.marks(header)) == 3


@given(st.binary())
def test_it_reads_marks_in_anything(header):
    assert all(mark == mark.lower() for mark in trace.marks(header))


def test_it_counts_received_fields_only_at_line_starts():
    header = line() + b"Subject: Received: no\r\nreceived: from x\r\nX-Received: y\r\n"
    assert trace.count_received(header) == 2
