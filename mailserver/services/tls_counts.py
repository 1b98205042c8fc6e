"""Counts of how TLS with other servers went, by day and policy, for the reports of RFC 8460."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from mailserver.mail.tlsrpt.report import MAX_DETAILS, Failure, Policy
from mailserver.net.tls_findings import TlsFinding
from mailserver.store.models import TlsCount

# A report is about yesterday; what could not be sent then is never sent.
KEPT = timedelta(days=7)
_MAX_TEXT = 500

# Sorted by key, so that two statements which add to the same rows do not wait for each other in a circle. Losing a
# count with the machine is no loss worth waiting for the disk: the row of a large receiver is held until then.
ADD = """
WITH quick AS (SELECT set_config('synchronous_commit', 'off', true)), new AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS x(
        day date, domain text, digest text, policy_type text, policy_strings text[], mx_patterns text[],
        result_type text, receiving_mx text, receiving_ip text, sending_ip text, reason text, sessions bigint)
)
INSERT INTO tls_count AS kept (day, domain, digest, policy_type, policy_strings, mx_patterns, result_type,
    receiving_mx, receiving_ip, sending_ip, reason, sessions)
SELECT day, domain, decode(digest, 'hex'), policy_type, policy_strings, mx_patterns, result_type,
    receiving_mx, receiving_ip, sending_ip, reason, sessions
FROM new, quick ORDER BY day, domain, digest
ON CONFLICT (day, domain, digest) DO UPDATE SET sessions = kept.sessions + excluded.sessions
"""


def note(findings: Sequence[TlsFinding]) -> None:
    """Add what was found to the counts of today (UTC), by one statement.

    Call it outside a transaction, or when the transaction is over: its rows are those that everybody adds to.
    """
    if not findings:
        return
    today = timezone.now().astimezone(UTC).date().isoformat()
    rows = [
        {**row, "day": today, "sessions": number, "digest": _digest(row)}
        for row, number in ((_row(finding), number) for finding, number in Counter(map(_counted, findings)).items())
    ]
    with connection.cursor() as cursor:
        cursor.execute(ADD, [json.dumps(rows)])


def domains(day: date) -> list[str]:
    """Those with counts."""
    return sorted(TlsCount.objects.filter(day=day).values_list("domain", flat=True).distinct())


def policies(day: date, domain: str) -> tuple[Policy, ...]:
    """The day's counts of a domain by policy, the failures of each by number."""
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[TlsCount]] = defaultdict(list)
    for row in TlsCount.objects.filter(day=day, domain=domain).order_by("policy_type", "-sessions", "digest"):
        groups[row.policy_type, tuple(row.policy_strings), tuple(row.mx_patterns)].append(row)
    return tuple(_policy(domain, *policy, rows) for policy, rows in groups.items())


def forget(before: datetime) -> int:
    """Remove the counts of earlier days; how many."""
    return TlsCount.objects.filter(day__lt=before.astimezone(UTC).date()).delete()[0]


def _counted(finding: TlsFinding) -> TlsFinding:
    """Of successes only the policy counts (RFC 8460 §4.4)."""
    if finding.result_type:
        return finding
    return TlsFinding(
        finding.policy_type, finding.policy_domain, finding.policy_strings, finding.mx_patterns, "", "", "", "", ""
    )


def _row(finding: TlsFinding) -> dict[str, object]:
    return {
        "domain": finding.policy_domain[:255],
        "policy_type": finding.policy_type[:16],
        "policy_strings": list(finding.policy_strings),
        "mx_patterns": list(finding.mx_patterns),
        "result_type": finding.result_type[:40],
        "receiving_mx": finding.receiving_mx[:255],
        "receiving_ip": finding.receiving_ip[:45],
        "sending_ip": finding.sending_ip[:45],
        "reason": finding.reason.replace("\x00", "")[:_MAX_TEXT],
    }


def _digest(row: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def _policy(
    domain: str, kind: str, strings: tuple[str, ...], mx_patterns: tuple[str, ...], rows: Sequence[TlsCount]
) -> Policy:
    failed = [row for row in rows if row.result_type]
    details = [
        Failure(row.result_type, row.sessions, row.receiving_mx, row.receiving_ip, row.sending_ip, row.reason)
        for row in failed[:MAX_DETAILS]
    ]
    failures = sum(row.sessions for row in failed)
    successes = sum(row.sessions for row in rows) - failures
    return Policy(kind, domain, successes, failures, strings, mx_patterns, tuple(details))
