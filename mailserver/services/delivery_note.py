"""One try as a line of JSON, and back: all that is recorded of it (`queue_record`), but for the counts of TLSRPT."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import orjson

from mailserver.net.mx import Hop
from mailserver.net.smtp_results import Line, Outcome, Protection, Report, Result
from mailserver.services.queue import Claim, Claimed


def encoded(claim: Claim, report: Report) -> bytes:
    """A line with its end."""
    recipients = [(each.recipient_id, each.address, each.attempts) for each in claim.recipients]
    protection = report.protection
    found = {
        "claim": (claim.entry_id, claim.domain, claim.token.hex, recipients),
        "hop": _hop_values(report.hop),
        "tls": report.tls,
        "results": [
            (
                each.recipient,
                each.outcome,
                each.code,
                each.enhanced,
                each.text,
                _hop_values(each.hop),
                each.tls,
                each.action,
            )
            for each in report.results
        ],
        "lines": [(line.at, line.side, line.text) for line in report.lines],
        "times": (report.started, report.finished),
        "protection": (protection.policy, protection.verified, protection.why),
    }
    return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)


def decoded(line: bytes) -> tuple[Claim, Report]:
    """What such a line says."""
    found = orjson.loads(line)
    entry_id, domain, token, recipients = found["claim"]
    claim = Claim(entry_id, domain, uuid.UUID(token), tuple(Claimed(*each) for each in recipients))
    started, finished = map(datetime.fromisoformat, found["times"])
    report = Report(
        _hop(found["hop"]),
        found["tls"],
        [_result(*said) for said in found["results"]],
        [Line(*each) for each in found["lines"]],
        started,
        finished,
        protection=Protection(*found["protection"]),
    )
    return claim, report


def _result(
    recipient: str, outcome: Outcome, code: int, enhanced: str, text: str, hop: list[Any], tls: str, action: Any
) -> Result:
    return Result(recipient, outcome, code, enhanced, text, _hop(hop), tls, action)


def _hop_values(hop: Hop | None) -> tuple[Any, ...] | None:
    return (hop.host, hop.address, hop.port, hop.preference, hop.source) if hop else None


def _hop(values: list[Any] | None) -> Hop | None:
    return Hop(*values) if values else None
