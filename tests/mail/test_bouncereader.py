"""Bounces of other servers, most of them without a part for programs. The samples are ours, in the form of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import dsn

SAMPLES = Path(__file__).parent.parent / "data" / "bounces"
BOB, SENT = "bob@hamburger.edu", "sent-1@crepes.fr"


@pytest.mark.parametrize(
    ("name", "first", "said", "original"),
    [
        ("postfix", (BOB, "failed", "5.1.1"), "unknown in the table", SENT),
        ("postfix-delay", (BOB, "delayed", "4.4.1"), "timed out", SENT),
        ("postfix-delivered", (BOB, "delivered", "2.0.0"), "delivered to maildir", SENT),
        ("exchange-relayed", (BOB, "relayed", "2.0.0"), "", SENT),
        ("sendmail-expanded", (BOB, "expanded", "2.1.5"), "", SENT),
        ("exchange", (BOB, "failed", "5.1.10"), "RecipientNotFound", SENT),
        ("gmail", (BOB, "failed", "5.1.1"), "No account of this name", SENT),
        ("sendmail", (BOB, "failed", "5.1.1"), "User unknown", SENT),
        ("exim", (BOB, "failed", "5.1.1"), "550 5.1.1 No such person", SENT),
        ("exim-two", (BOB, "failed", "5.0.0"), "Unrouteable address", SENT),
        ("exim-warning", (BOB, "delayed", "4.0.0"), "Connection timed out", ""),
        ("qmail", (BOB, "failed", "5.1.1"), "550 5.1.1 unknown person", SENT),
        ("yahoo", (BOB, "failed", "5.0.0"), "has no account here", SENT),
        ("gmail-text", (BOB, "failed", "5.1.1"), "550 5.1.1 No such person", SENT),
        ("gmail-delay", (BOB, "delayed", "4.0.0"), "", ""),
        ("sendmail-text", (BOB, "failed", "5.1.1"), "User unknown", SENT),
        ("sentence", (BOB, "failed", "5.2.1"), "550 5.2.1", ""),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_it_reads_their_bounces(
    name: str, first: tuple[str, str, str], said: str, original: str, line_end: bytes
) -> None:
    report = dsn.parse((SAMPLES / f"{name}.eml").read_bytes().replace(b"\n", line_end))
    assert report
    failure = report.failures[0]
    assert (failure.recipient, failure.action, failure.status) == first
    assert said in failure.diagnostic
    assert report.original_message_id == original
    assert len(report.failures) == (2 if name == "exim-two" else 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: bob@hamburger.edu\n\nYour mail could not be delivered to carol@hamburger.edu.\n",
        b"From: postmaster@hamburger.edu\n\nWelcome! Write to bob@hamburger.edu when anything is wrong.\n",
        b"From: MAILER-DAEMON@hamburger.edu\n\n\n",
    ],
    ids=["a-person", "no-bounce", "empty"],
)
def test_letters_are_no_bounces(raw: bytes) -> None:
    assert dsn.parse(raw) is None


pieces = st.sampled_from(
    [
        *("could not be delivered to ", "bob@x.example", "<bob@x.example>:\n", "  a@b\n", "550 5.1.1 ", "\n", "\n\n"),
        *(
            "--- Below this line",
            "Message-ID: <a@b>\n",
            "Hi. This is the ",
            "\r",
            "\x00",
            "é",
            "<mailto:",
            "(",
            "@",
            "5.",
        ),
    ]
)


@given(st.lists(pieces, max_size=40).map("".join), st.sampled_from(["", "X-Failed-Recipients: a@b, ,<c@d\n"]))
def test_it_never_raises(text: str, listed: str) -> None:
    report = dsn.parse(f"From: MAILER-DAEMON@x\n{listed}\n{text}".encode())
    if report:
        assert all(one.recipient and one.status[0] in "45" and len(one.diagnostic) <= 2000 for one in report.failures)


@pytest.mark.parametrize(
    "piece",
    ["a@b\n", "<a@", "delivered to ", "550 x<a@b", "a" * 70 + "@", "Subject: ", " ", "could not be delivered\n"],
)
def test_it_reads_a_hostile_bounce_in_one_pass(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    report = dsn.parse(f"From: MAILER-DAEMON@x\n\ncould not be delivered\n{text}".encode())
    assert report is None or len(report.failures) <= 100
