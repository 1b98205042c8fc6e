"""What others report about TLS with our domains (RFC 8460): read as it arrives, besides being filed like all mail."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from mailserver.mail.senderauth.dmarc import organisational
from mailserver.mail.senderauth.results import Verdict
from mailserver.mail.tlsrpt import letter
from mailserver.mail.tlsrpt.report import BadReport, Policy, Report
from mailserver.services import mta_sts
from mailserver.store.models import Domain, TlsReportReceived

if TYPE_CHECKING:
    from mailserver.services.arrival import Arrival
    from mailserver.services.inbound import Incoming

KEPT = timedelta(days=400)
# One sender cannot fill the table.
MOST_A_DAY = 100
DETAILS = 20
PAGE_DAYS = 30

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What others saw of a domain on a day; `types` are the ways sessions failed, the most frequent first."""

    day: date
    domain: str
    organizations: tuple[str, ...]
    successes: int
    failures: int
    types: tuple[tuple[str, int], ...]
    details: tuple[dict[str, object], ...] = field(default=())


def note(arrival: Arrival) -> None:
    """Keep what a message says if it is a report about a domain of ours, sent to the address that its record names.

    Part of the delivering transaction. It must be signed for the domain of its author (RFC 8460 §5.3).
    """
    incoming = arrival.incoming
    found = letter.part(arrival.parsed.root)
    submitter = _signer(incoming.verdict) if found and incoming.verdict else ""
    if found is None or not submitter:
        return
    try:
        report = letter.read(incoming.raw, found)
    except BadReport as why:
        logger.info("the TLS report of %s is not used: %s", submitter, why)
        return
    kept = TlsReportReceived.objects.bulk_create(_rows(report, submitter, _addresses(incoming)), ignore_conflicts=True)
    logger.info("a TLS report of %s with %d policies was read", submitter, len(kept))


def seen(*, before: date | None = None) -> tuple[list[Seen], date | None]:
    """What was reported, the newest day first, for PAGE_DAYS days that have reports; the day to go on `before`."""
    rows = TlsReportReceived.objects.filter(day__lt=before) if before else TlsReportReceived.objects.all()
    days = list(rows.order_by("-day").values_list("day", flat=True).distinct()[: PAGE_DAYS + 1])
    shown = rows.filter(day__in=days[:PAGE_DAYS]).order_by("-day", "domain", "organization", "place")
    found = [_seen(day, domain, list(group)) for (day, domain), group in groupby(shown, lambda r: (r.day, r.domain))]
    return found, days[PAGE_DAYS - 1] if len(days) > PAGE_DAYS else None


def forget(before: datetime) -> int:
    """Remove what was reported of earlier days; how many rows."""
    return TlsReportReceived.objects.filter(day__lt=before.astimezone(UTC).date()).delete()[0]


def _signer(verdict: Verdict) -> str:
    """The domain that signed, if it is the author's or shares its owner; "" otherwise."""
    author = verdict.dmarc.domain
    signers = (item.domain for item in verdict.dkim if item.result == "pass")
    return next((one for one in signers if author and organisational(one) == organisational(author)), "")


def _addresses(incoming: Incoming) -> set[str]:
    """Whom the message was for, groups among them."""
    through = (name for onward in incoming.onward for name in onward.through)
    return {address.casefold() for address in (*(each.address for each in incoming.recipients), *through)}


def _rows(report: Report, submitter: str, addresses: set[str]) -> Iterator[TlsReportReceived]:
    day = report.begin.date()
    asked = {
        name
        for name in Domain.objects.filter(name__in={each.domain for each in report.policies}, hosted=True).values_list(
            "name", flat=True
        )
        if mta_sts.reports_to(name).casefold() in addresses
        and TlsReportReceived.objects.filter(submitter=submitter, day=day, domain=name).count() < MOST_A_DAY
    }
    for place, policy in enumerate(report.policies):
        if policy.domain in asked:
            yield TlsReportReceived(
                domain=policy.domain,
                day=day,
                submitter=submitter,
                report_id=report.report_id[:255],
                place=place,
                organization=(report.organization or submitter)[:255],
                policy_type=policy.type,
                successes=policy.successes,
                failures=policy.failures,
                details=_details(policy),
            )


def _details(policy: Policy) -> list[dict[str, object]]:
    often = sorted(policy.details, key=lambda failure: -failure.sessions)
    return [
        {
            "type": failure.type,
            "sessions": failure.sessions,
            "mx": failure.receiving_mx,
            "ip": failure.receiving_ip,
            "from": failure.sending_ip,
            "reason": failure.reason[:200],
        }
        for failure in often[:DETAILS]
    ]


def _seen(day: date, domain: str, rows: Sequence[TlsReportReceived]) -> Seen:
    types: Counter[str] = Counter()
    details: list[dict[str, object]] = []
    for row in rows:
        for detail in row.details:
            types[detail["type"]] += detail["sessions"]
            details.append({**detail, "organization": row.organization})
    return Seen(
        day,
        domain,
        tuple(_once(row.organization for row in rows)),
        sum(row.successes for row in rows),
        sum(row.failures for row in rows),
        tuple(types.most_common()),
        tuple(details),
    )


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
