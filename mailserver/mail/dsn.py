"""Delivery status notifications (RFC 3464): the bounces we send, and reading those of others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from itertools import groupby
from typing import Literal

from mailserver.mail import bouncereader, reports, structure
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.bouncereader import status_in as status_in
from mailserver.mail.explain import explain
from mailserver.mail.headers import Headers, message_ids, parse_date
from mailserver.mail.reports import Envelope, field, line, typed

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
_ACTIONS: dict[str, Action] = {
    "failed": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "relayed",
    "expanded": "expanded",
}
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MAX_TEXT = 2000
_HEADLINES: dict[Action, tuple[str, str]] = {
    "failed": ("Not delivered", "Your message could not be delivered to {people}."),
    "delayed": ("Delayed", "Your message has not reached {people} yet. Nothing is lost: it is tried again."),
    "delivered": ("Delivered", "Your message has been delivered to {people}."),
    "relayed": ("Passed on", "Your message was passed on for {people}; the next server sends no confirmation."),
    "expanded": ("Delivered", "Your message has been delivered to the list behind {people}."),
}
_REPLY_CODE = re.compile(r"([245]\d\d)\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of one recipient. `diagnostic` has its type in front: `smtp; 550 5.1.1 no such user`.

    `remote` is the server that said it. `original` is the ORCPT of RFC 3461 with its type, empty when none was given.
    `log_id` is what the reporting server calls the message.
    """

    recipient: str
    action: Action = "failed"
    status: str = "5.0.0"
    diagnostic: str = ""
    remote: str = ""
    original: str = ""
    last_attempt: datetime | None = None
    retry_until: datetime | None = None
    log_id: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of another server. It may be forged: match `original_message_id` with what was really sent."""

    reporting_mta: str
    envelope_id: str
    arrival: datetime | None
    failures: tuple[Failure, ...]
    original_message_id: str
    original_subject: str


def build(
    *,
    original: bytes,
    sender: str,
    failures: Sequence[Failure],
    reporting_mta: str,
    message_id: str,
    date: datetime,
    envelope_id: str = "",
    arrival: datetime | None = None,
    full: bool = False,
    reference: str = "",
) -> bytes:
    """The notification to `sender`, to be sent with an empty MAIL FROM.

    `original` is the message or its header; at most 1 KB of the header goes along unless `full` (RET=FULL) is set.
    The gravest of the `failures` gives the subject and comes first.
    """
    headers = Headers(original)
    failures = sorted(failures, key=lambda failure: list(_HEADLINES).index(failure.action))
    headline = _HEADLINES[failures[0].action][0]
    subject = headers.get("subject")
    per_message = [
        field("Original-Envelope-Id", envelope_id),
        field("Reporting-MTA", f"dns; {reporting_mta}"),
        field("Arrival-Date", format_datetime(arrival) if arrival else ""),
        field("X-Correio-Queue-ID", reference),
    ]
    envelope = Envelope(
        sender=HeaderAddress("Mail delivery", f"mailer-daemon@{reporting_mta}"),
        to=sender,
        subject=f"{headline}: {subject}" if subject else headline,
        date=date,
        message_id=message_id,
    )
    blocks = [b"".join(per_message), *(_block(failure) for failure in failures)]
    text = _words(failures, headers, reporting_mta)
    return reports.write(envelope, "delivery-status", text, blocks, original, full=full)


def parse(raw: bytes, root: structure.Part | None = None) -> Report | None:
    """The report in a message, None when it is none. `root` is its tree when that is known already. Never raises."""
    root = root or structure.scan(raw)
    headers = Headers(raw, 0, root.body_start)
    enclosed = reports.enclosed_header(raw, root)
    failures: list[Failure] = []
    top = Headers(b"")
    for part in structure.walk(root):
        if part.type in _STATUS_TYPES and not failures:
            blocks = list(reports.machine_blocks(raw, part))
            failures = [found for block in blocks if (found := _failure(block))]
            top = next((block for block in blocks if "reporting-mta" in block), top)
    told = bouncereader.read(raw, root, headers)
    failures = failures or [Failure(one.recipient, one.action, one.status, one.said) for one in told.people]
    if not failures:
        return None
    return Report(
        reporting_mta=typed(top.get("reporting-mta"))[:255],
        envelope_id=top.get("original-envelope-id")[:100],
        arrival=parse_date(top.get("arrival-date")),
        failures=tuple(failures),
        original_message_id=next(iter(message_ids(enclosed.get("message-id"))), told.message_id),
        original_subject=(enclosed.get("subject") or told.subject)[:998],
    )


def _block(failure: Failure) -> bytes:
    """RFC 3464 §2.3, fields in its order; RFC 6533 §3 for addresses beyond ASCII."""
    kind = "rfc822" if failure.recipient.isascii() else "utf-8"
    fields = [
        field("Original-Recipient", failure.original),
        field("Final-Recipient", f"{kind}; {failure.recipient}"),
        field("Action", failure.action),
        field("Status", failure.status),
        field("Remote-MTA", f"dns; {failure.remote}" if failure.remote else ""),
        field("Diagnostic-Code", failure.diagnostic[:_MAX_TEXT]),
        field("Last-Attempt-Date", format_datetime(failure.last_attempt) if failure.last_attempt else ""),
        field("Final-Log-ID", failure.log_id),
        field("Will-Retry-Until", format_datetime(failure.retry_until) if failure.retry_until else ""),
    ]
    return b"".join(fields)


def _words(failures: Sequence[Failure], headers: Headers, reporting_mta: str) -> str:
    paragraphs = []
    for action, group in groupby(failures, key=lambda failure: failure.action):
        members = list(group)
        people = members[0].recipient if len(members) == 1 else f"{len(members)} people"
        paragraphs.append(_HEADLINES[action][1].format(people=people))
        for failure in members:
            paragraphs += _person(failure)
    subject, date = headers.get("subject"), headers.get("date")
    about = [f"  Subject: {subject}" if subject else "", f"  Written: {date}" if date else ""]
    paragraphs.append("\n".join(filter(None, ["Your message:", *about])) if any(about) else "")
    paragraphs.append(f"This note was written by the mail server {reporting_mta}. The parts below are for programs.")
    return reports.join(paragraphs)


def _person(failure: Failure) -> list[str]:
    if failure.action not in ("failed", "delayed"):
        return [failure.recipient]
    said = line(typed(failure.diagnostic))[:_MAX_TEXT]
    code = _REPLY_CODE.match(said)
    final = failure.action == "failed"
    why = explain(int(code[1]) if code else 0, failure.status, said, failure.recipient, final=final)
    lines = [failure.recipient, f"  {why.reason}", f"  {why.advice}"]
    if failure.retry_until:
        lines.append(f"  It is tried until {format_datetime(failure.retry_until)}.")
    if said:
        lines.append(f"  {_who(failure)} said: {said}")
    return ["\n".join(lines)]


def _who(failure: Failure) -> str:
    """RFC 3464 §2.3.6: only a diagnostic of type smtp is a reply of the remote server; others are our own words."""
    said = failure.diagnostic.partition(";")[0].strip().lower() == "smtp"
    return (failure.remote or "The server") if said else "Our server"


def _failure(block: Headers) -> Failure | None:
    recipient = typed(block.get("final-recipient")) or typed(block.get("original-recipient"))
    if not recipient:
        return None
    diagnostic = line(block.get("diagnostic-code"))[:_MAX_TEXT]
    status = status_in(block.get("status")) or status_in(diagnostic)
    action = _ACTIONS.get(block.get("action").partition(" ")[0].lower())
    guessed: Action = "delayed" if status.startswith("4") else "delivered" if status.startswith("2") else "failed"
    return Failure(
        recipient=recipient[:320],
        action=action or guessed,
        status=status or ("4.0.0" if action == "delayed" else "2.0.0" if action == "delivered" else "5.0.0"),
        diagnostic=diagnostic,
        remote=typed(block.get("remote-mta"))[:255],
        original=block.get("original-recipient")[:500],
        last_attempt=parse_date(block.get("last-attempt-date")),
        retry_until=parse_date(block.get("will-retry-until")),
        log_id=block.get("final-log-id")[:100],
    )
