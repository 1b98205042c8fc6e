from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import dsn, structure
from mailserver.mail.dsn import Failure
from mailserver.mail.message import parse
from tests.support import corpora

DATE = datetime(2026, 5, 12, 12, 5, tzinfo=UTC)
ORIGINAL = (
    "From: Alice <alice@crepes.fr>\r\nTo: bob@hamburger.edu\r\nSubject: Crêpes\r\n"
    "Message-ID: <1@crepes.fr>\r\nDate: Tue, 12 May 2026 14:05:00 +0200\r\n\r\nDear Bob\r\n"
).encode()
UNKNOWN = Failure(
    "bob@hamburger.edu",
    status="5.1.1",
    diagnostic="smtp; 550 5.1.1 no such user",
    remote="mx.hamburger.edu",
    original="rfc822;bob@hamburger.edu",
    last_attempt=DATE,
)


def bounce(*failures: Failure, original: bytes = ORIGINAL, full: bool = False) -> bytes:
    return dsn.build(
        original=original,
        sender="alice@crepes.fr",
        failures=failures or (UNKNOWN,),
        reporting_mta="mail.crepes.fr",
        message_id="b1@mail.crepes.fr",
        date=DATE,
        envelope_id="env-1",
        arrival=DATE,
        full=full,
    )


def test_a_bounce_tells_people_first() -> None:
    raw = bounce()
    parsed = parse(raw)
    assert parsed.subject == "Not delivered: Crêpes"
    assert str(parsed.sender) == "Mail delivery <mailer-daemon@mail.crepes.fr>"
    assert parsed.references == ["1@crepes.fr"]
    assert parsed.auto_submitted
    assert not parsed.has_attachments
    text = structure.text(raw, parsed.root.children[0])
    assert "could not be delivered to bob@hamburger.edu" in text
    assert "The mailbox does not exist." in text
    assert "Check the address for a typing mistake" in text
    assert "mx.hamburger.edu said: 550 5.1.1 no such user" in text
    assert "Subject: Crêpes" in text


def test_a_bounce_does_not_put_our_words_into_another_servers_mouth() -> None:
    raw = bounce(Failure("bob@hamburger.edu", diagnostic="x-correio; 5.1.2 The domain does not exist"))
    text = structure.text(raw, parse(raw).root.children[0])
    assert "Our server said: 5.1.2 The domain does not exist" in text


def test_a_bounce_is_read_back() -> None:
    report = dsn.parse(bounce())
    assert report == dsn.Report(
        reporting_mta="mail.crepes.fr",
        envelope_id="env-1",
        arrival=DATE,
        failures=(UNKNOWN,),
        original_message_id="1@crepes.fr",
        original_subject="Crêpes",
    )


def test_a_bounce_has_the_form_of_rfc_3464() -> None:
    message = email.message_from_bytes(bounce(), policy=email.policy.SMTP)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == [
        "text/plain",
        "message/delivery-status",
        "message/global-headers",
    ]
    whole, person = parts[1].get_payload()
    assert whole["Reporting-MTA"] == "dns; mail.crepes.fr"
    assert person["Final-Recipient"] == "rfc822; bob@hamburger.edu"
    assert (person["Action"], person["Status"]) == ("failed", "5.1.1")
    assert not any(part.defects for part in message.walk())


def test_only_the_start_of_the_header_goes_back() -> None:
    original = ORIGINAL.replace(
        b"\r\n\r\n", b"\r\n" + b"X-Filler: " + b"x" * 90 + b"\r\n" + b"Y: z\r\n" * 300 + b"\r\n"
    )
    raw = bounce(original=original)
    headers = structure.content(raw, structure.scan(raw).children[2])
    assert 900 < len(headers) <= 1024
    assert b"Dear Bob" not in raw
    whole = bounce(full=True)
    assert b"Dear Bob" in whole
    assert structure.scan(whole).children[2].message


def test_a_delay_promises_nothing_lost() -> None:
    waiting = Failure("bob@hamburger.edu", "delayed", "4.4.1", retry_until=DATE + timedelta(days=5))
    raw = bounce(waiting)
    assert parse(raw).subject == "Delayed: Crêpes"
    report = dsn.parse(raw)
    assert report
    assert report.failures == (waiting,)
    assert "It is tried until Sun, 17 May 2026" in structure.text(raw, structure.scan(raw).children[0])


def test_a_confirmation_names_its_people() -> None:
    raw = bounce(Failure("bob@hamburger.edu", "delivered", "2.1.5"), Failure("c@x.example", "delivered", "2.1.5"))
    assert parse(raw).subject == "Delivered: Crêpes"
    text = structure.text(raw, structure.scan(raw).children[0])
    assert "delivered to 2 people" in text
    assert "c@x.example" in text


def test_addresses_beyond_ascii_are_reported_as_such() -> None:
    raw = bounce(Failure("jürgen@crepes.fr", status="5.1.1"))
    assert "Final-Recipient: utf-8; jürgen@crepes.fr".encode() in raw
    assert b"message/global-delivery-status" in raw
    report = dsn.parse(raw)
    assert report
    assert report.failures[0].recipient == "jürgen@crepes.fr"


def test_a_header_in_plain_letters_goes_back_as_such() -> None:
    raw = bounce(original=ORIGINAL.replace("ê".encode(), b"e"))
    assert [part.type for part in structure.scan(raw).children][2] == "text/rfc822-headers"
    whole = structure.scan(bounce(full=True)).children[2]
    assert whole.type == "message/global"


def test_one_report_tells_of_everybody_the_worst_first() -> None:
    raw = bounce(Failure("carol@hamburger.edu", "delivered", "2.0.0"), UNKNOWN)
    assert parse(raw).subject == "Not delivered: Crêpes"
    report = dsn.parse(raw)
    assert report
    assert [failure.action for failure in report.failures] == ["failed", "delivered"]
    text = structure.text(raw, structure.scan(raw).children[0])
    assert text.index("could not be delivered to bob@hamburger.edu") < text.index("delivered to carol@hamburger.edu")


def test_what_a_server_said_cannot_write_fields() -> None:
    evil = Failure(
        "bob@hamburger.edu",
        diagnostic="smtp; 550 x\r\nFinal-Recipient: rfc822; charlie@evil.example\r\n\r\n" + "y" * 3000,
    )
    raw = bounce(evil)
    report = dsn.parse(raw)
    assert report
    assert [failure.recipient for failure in report.failures] == ["bob@hamburger.edu"]
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@corpora.needed
@pytest.mark.parametrize(
    ("name", "count", "first", "original"),
    [
        (
            "mikel-mail/multipart_report_emails/report_422.eml",
            1,
            ("fraser@oooooooo.com.au", "delayed", "4.2.2"),
            "15655788.13.1200472642578.JavaMail.Administrator@mail.ttttt.com.au",
        ),
        (
            "mikel-mail/multipart_report_emails/report_530.eml",
            1,
            ("edwin@zzzzzzz.com", "failed", "5.3.0"),
            "200712232303.lBNN3jDq002941@mail12.rrrr.com.au",
        ),
        (
            "mikel-mail/multipart_report_emails/multi_address_bounce1.eml",
            5,
            ("bbbbvhvbbvkjbhfbvbvjhb@gmail.com", "failed", "5.1.1"),
            "118707422.15521266992174819.JavaMail.root@lvmail01",
        ),
        (
            "mikel-mail/multipart_report_emails/multipart_report_multiple_status.eml",
            1,
            ("u@ci.com", "failed", "5.3.0"),
            "4c2a146147ac8_61ff157c4ec1652df@s.h.c.mail",
        ),
        (
            "cpython-email/msg_16.eml",
            1,
            ("jangel1@cougar.noc.ucla.edu", "failed", "5.0.0"),
            "002001c144a6$8752e060$56104586@oxy.edu",
        ),
        (
            "cpython-email/msg_43.eml",
            25,
            ("xxxxxxx@dot.ca.gov", "failed", "5.7.1"),
            "edab.7804f5cb8070@python.org",
        ),
    ],
)
def test_it_reads_the_reports_of_others(name: str, count: int, first: tuple[str, str, str], original: str) -> None:
    report = dsn.parse((corpora.FOLDER / name).read_bytes())
    assert report
    failure = report.failures[0]
    assert len(report.failures) == count
    assert (failure.recipient, failure.action, failure.status) == first
    assert report.original_message_id == original


def test_it_reads_qmail() -> None:
    raw = (
        b"From: MAILER-DAEMON@qmail.example\nSubject: failure notice\n\n"
        b"Hi. This is the qmail-send program at qmail.example.\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        b"<bob@hamburger.edu>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown\n\n"
        b"<charlie@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        b"--- Below this line is a copy of the message.\n\nSubject: x\n"
    )
    report = dsn.parse(raw)
    assert report
    assert [(item.recipient, item.status) for item in report.failures] == [
        ("bob@hamburger.edu", "5.1.1"),
        ("charlie@example.org", "5.1.1"),
    ]


def test_it_reads_old_exim() -> None:
    report = dsn.parse(b"X-Failed-Recipients: bob@hamburger.edu,\n  charlie@example.org\nSubject: Mail failed\n\nx\n")
    assert report
    assert [item.recipient for item in report.failures] == ["bob@hamburger.edu", "charlie@example.org"]


@corpora.needed
def test_letters_are_no_reports() -> None:
    reports = [name for name, raw in corpora.messages() if dsn.parse(raw)]
    assert len(reports) == 8


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("550 5.1.1 no", "5.1.1"),
        ("smtp; 452 full", "4.0.0"),
        ("(#5.4.6)", "5.4.6"),
        ("no", ""),
        ("host 1.2.3.4", ""),
        ("said 500 words", ""),
    ],
)
def test_a_status_is_found_in_a_reply(text: str, status: str) -> None:
    assert dsn.status_in(text) == status


pieces = st.sampled_from(
    [
        b"Content-Type: multipart/report; boundary=b\r\n\r\n",
        *(b"--b\r\n", b"Content-Type: message/delivery-status\r\n\r\n", b"Final-Recipient: rfc822;x@y\r\n", b"\r\n"),
        *(b"Action: failed\r\n", b"Status: 4\r\n", b"Reporting-MTA:\r\n", b"Hi. This is the \n<a@b>:\n", b"\xff"),
    ]
)


@given(st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=20).map(b"".join)))
def test_it_never_raises(raw: bytes) -> None:
    dsn.parse(raw)


@pytest.mark.parametrize("piece", [b"\n", b"<a@b>:\nx\n", b"<", b"x\n", b" \n"])
def test_it_reads_a_hostile_report_in_one_pass(piece: bytes) -> None:
    many = piece * (200_000 // len(piece))
    dsn.parse(b"Subject: x\n\nHi. This is the q\n" + many)
    dsn.parse(b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" + many)
