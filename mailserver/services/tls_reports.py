"""The daily reports about TLS that other domains ask for (RFC 8460), each sent once.

The row of a report is made in the transaction that queues its mail, so a task that runs twice or dies in between sends
no second one. What goes by HTTPS is handed over between two transactions, like mail: if we die at that moment it is
sent again, under the same id, by which the receiver knows it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.tlsrpt import letter, record
from mailserver.mail.tlsrpt import report as content
from mailserver.mail.tlsrpt.report import Report
from mailserver.net import https_post
from mailserver.net.https_post import NotTaken
from mailserver.net.resolver import Evidence
from mailserver.services import dkimkeys, dnstexts, own_letters, tls_counts
from mailserver.store.models import Domain, TlsReportSent

State = TlsReportSent.State

# RFC 8460 §4.1: not all at midnight. When the turn of a domain comes depends on its name and ours.
SPREAD = timedelta(hours=4)
# RFC 8460 §5.4: a web address that does not answer is tried for a day.
PATIENCE = timedelta(hours=24)
PAUSE = timedelta(hours=1)
KEPT = timedelta(days=30)
DOMAINS = 500
POSTS = 50

Post = Callable[[str, bytes, str], int]

logger = logging.getLogger(__name__)


def send_due(resolver: Evidence | None = None, post: Post = https_post.post) -> None:
    """What beat does: the reports of yesterday (UTC) whose turn has come, and web addresses that are tried again."""
    if not settings.CORREIO.tls_reports:
        return
    now = timezone.now()
    day = now.astimezone(UTC).date() - timedelta(days=1)
    domains = _due(day, now)[:DOMAINS]
    answers = dnstexts.ask([record.name(domain) for domain in domains], resolver)
    for domain in domains:
        records = answers[record.name(domain)]
        if records is not None:
            _begin(day, domain, record.uris(records), now)
    for row in TlsReportSent.objects.filter(state=State.WAITING, next_try_at__lte=now).order_by("next_try_at")[:POSTS]:
        _hand_over(row, now, post)


def forget(before: datetime) -> int:
    """Remove what was noted of earlier reports; how many rows."""
    return TlsReportSent.objects.filter(created_at__lt=before).delete()[0]


def _due(day: date, now: datetime) -> list[str]:
    """Domains of a day that nobody has looked at yet. Our own need no report from us."""
    done = set(TlsReportSent.objects.filter(day=day).values_list("domain", flat=True))
    ours = set(Domain.objects.filter(hosted=True).values_list("name", flat=True))
    names = set(tls_counts.domains(day)) - done - ours
    return sorted(name for name in names if now >= _turn(day, name))


def _turn(day: date, domain: str) -> datetime:
    share = int.from_bytes(hashlib.sha256(f"{settings.CORREIO.hostname} {domain}".encode()).digest()[:4]) / 2**32
    return datetime.combine(day + timedelta(days=1), time(), UTC) + share * SPREAD


def _begin(day: date, domain: str, uris: Sequence[str], now: datetime) -> None:
    """Note who wants the report, each once, and queue what goes by mail."""
    with transaction.atomic():
        for uri in uris or [""]:
            mailbox = record.mailbox(uri)
            signer = dkimkeys.signing_domain(settings.CORREIO.hostname) if mailbox else ""
            state, said = State.WAITING, ""
            if not uri:
                state, said = State.NONE, "The domain asks for no reports."
            elif mailbox:
                state, said = (State.SENT, "") if signer else (State.FAILED, "Nothing signs our own mail.")
            row, new = TlsReportSent.objects.get_or_create(
                day=day,
                domain=domain,
                uri=uri,
                defaults={"state": state, "said": said, "next_try_at": now if state == State.WAITING else None},
            )
            if new and state == State.SENT:
                raw = _letter(day, domain, mailbox, signer, now)
                row.said = own_letters.send(raw, mailbox, at=now).reference
                row.save(update_fields=["said"])


def _hand_over(row: TlsReportSent, now: datetime, post: Post) -> None:
    """POST one report. Of two tasks the first moves the next try ahead, and the other lets go."""
    claimed = TlsReportSent.objects.filter(pk=row.pk, state=State.WAITING, next_try_at=row.next_try_at)
    if not claimed.update(next_try_at=now + PAUSE):
        return
    try:
        status = post(row.uri, content.write(_report(row.day, row.domain)), letter.GZIP)
    except NotTaken as why:
        over = now >= row.created_at + PATIENCE
        logger.info("the TLS report about %s was not taken: %s", row.domain, why)
        _note(row, State.FAILED if over else State.WAITING, str(why))
    else:
        _note(row, State.SENT, str(status))


def _note(row: TlsReportSent, state: TlsReportSent.State, said: str) -> None:
    row.state, row.said = state, said
    row.save(update_fields=["state", "said"])


def _letter(day: date, domain: str, mailbox: str, signer: str, now: datetime) -> bytes:
    hostname = settings.CORREIO.hostname
    sender = HeaderAddress("TLS reports", f"postmaster@{hostname}")
    return letter.write(_report(day, domain), domain=domain, submitter=signer, sender=sender, to=mailbox, date=now)


def _report(day: date, domain: str) -> Report:
    hostname, begin = settings.CORREIO.hostname, datetime.combine(day, time(), UTC)
    return Report(
        organization=hostname,
        contact=f"postmaster@{hostname}",
        report_id=f"{day}.{domain}@{hostname}",
        begin=begin,
        end=begin + timedelta(days=1, seconds=-1),
        policies=tls_counts.policies(day, domain),
    )
