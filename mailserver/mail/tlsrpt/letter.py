"""A report as mail (RFC 8460 §5.3): words for people, then the compressed JSON."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from mailserver.mail import fieldwriter, mimewriter, structure
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.mimewriter import Entity
from mailserver.mail.structure import Part
from mailserver.mail.tlsrpt import report as content
from mailserver.mail.tlsrpt.report import BadReport, Report

GZIP, JSON = "application/tlsrpt+gzip", "application/tlsrpt+json"
# Of a compressed report: what is larger cannot be one that we would read.
MAX_OCTETS = 2 * 1024 * 1024


def write(report: Report, *, domain: str, submitter: str, sender: HeaderAddress, to: str, date: datetime) -> bytes:
    """The message about the policies of `domain`, to be signed for `submitter`. The same arguments give the same.

    It goes out whatever the receiver's TLS is like, as it may be about just that (RFC 8689 §5, TLS-Required: No).
    """
    identifier = report.report_id if "@" in report.report_id else f"{report.report_id}@{submitter}"
    subject = f"Report Domain: {domain} Submitter: {submitter} Report-ID: <{identifier}>"
    lines = [
        f"Date: {format_datetime(date)}\r\n".encode(),
        fieldwriter.addresses("From", [sender]),
        fieldwriter.addresses("To", [HeaderAddress("", to)]),
        fieldwriter.folded("Subject", subject.split(" ")),
        fieldwriter.identifiers("Message-ID", [f"tlsrpt.{identifier}"]),
        f"TLS-Report-Domain: {domain}\r\nTLS-Report-Submitter: {submitter}\r\n".encode("ascii"),
        b"TLS-Required: No\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
    ]
    file = mimewriter.file(file_name(report, domain, submitter), GZIP, content.write(report), "attachment")
    parts = [mimewriter.text("plain", _words(report, domain)), file]
    whole = Entity("multipart/report", {"report-type": "tlsrpt"}, parts=parts)
    return b"".join(lines) + mimewriter.write(whole, seed=identifier)


def file_name(report: Report, domain: str, submitter: str) -> str:
    """RFC 8460 §5.1."""
    begin, end = int(report.begin.timestamp()), int(report.end.timestamp())
    return f"{submitter}!{domain}!{begin}!{end}.json.gz"


def part(root: Part) -> Part | None:
    """The part of a message that has a report; None when none has."""
    return next((each for each in structure.walk(root) if each.type in (GZIP, JSON)), None)


def read(raw: bytes, found: Part) -> Report:
    """The report in a part of a message. Raises BadReport."""
    if found.body_end - found.body_start > 2 * MAX_OCTETS:
        raise BadReport("too large")
    octets = structure.content(raw, found)
    if len(octets) > MAX_OCTETS:
        raise BadReport("too large")
    return content.read(content.unpack(octets) if found.type == GZIP else octets)


def _words(report: Report, domain: str) -> str:
    successes = sum(policy.successes for policy in report.policies)
    failures = sum(policy.failures for policy in report.policies)
    day = f"{report.begin.day} {report.begin:%B %Y}"
    return (
        f"How encryption with the mail servers of {domain} went on {day} (UTC), as {report.organization} saw it:\n"
        f"{successes} sessions without trouble, {failures} with.\n\n"
        "The file below says it in the form of RFC 8460, for programs.\n"
    )
