from __future__ import annotations

import email
import email.policy
import gzip
import json
from datetime import UTC, datetime

import pytest

from mailserver.mail import structure
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.tlsrpt import letter, report
from mailserver.mail.tlsrpt.report import BadReport
from tests.mail.tlsrpt.test_report import DAY

SENDER = HeaderAddress("TLS reports", "postmaster@mx.crepes.fr")


def written() -> bytes:
    at = datetime(2026, 11, 28, 2, tzinfo=UTC)
    about = {"domain": "example.org", "submitter": "crepes.fr", "to": "tls@example.org"}
    return letter.write(DAY, sender=SENDER, date=at, **about)


def test_it_is_the_mail_of_the_standard():
    message = email.message_from_bytes(written(), policy=email.policy.default)
    assert message["TLS-Report-Domain"] == "example.org"
    assert message["TLS-Report-Submitter"] == "crepes.fr"
    assert message["TLS-Required"] == "No"
    wanted = "Report Domain: example.org Submitter: crepes.fr Report-ID: <2026-11-27.example.org@mx.crepes.fr>"
    assert message["Subject"] == wanted
    assert (message.get_content_type(), message.get_param("report-type")) == ("multipart/report", "tlsrpt")
    words, file = message.iter_parts()
    assert "5329 sessions without trouble, 303 with" in words.get_content()
    assert file.get_content_type() == "application/tlsrpt+gzip"
    assert file.get_filename() == "crepes.fr!example.org!1795737600!1795823999.json.gz"
    assert json.loads(gzip.decompress(file.get_content()))["report-id"] == DAY.report_id
    assert written() == written()
    assert all(len(line) <= 998 for line in written().split(b"\r\n"))


def test_what_it_writes_it_reads():
    raw = written()
    found = letter.part(structure.scan(raw))
    assert found
    assert letter.read(raw, found) == DAY


def test_it_reads_reports_that_are_not_compressed_or_stand_alone():
    plain = b"Content-Type: application/tlsrpt+json\r\n\r\n" + report.unpack(report.write(DAY))
    found = letter.part(structure.scan(plain))
    assert found
    assert letter.read(plain, found) == DAY
    assert letter.part(structure.scan(b"Subject: x\r\n\r\ntext")) is None


def test_it_does_not_unpack_what_is_too_large():
    raw = b"Content-Type: application/tlsrpt+gzip\r\n\r\n" + b"x" * (letter.MAX_OCTETS + 1)
    found = letter.part(structure.scan(raw))
    assert found
    with pytest.raises(BadReport):
        letter.read(raw, found)
