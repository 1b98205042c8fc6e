"""What a report says (RFC 8460 §4), written as JSON and read from it.

Reports of others are read strictly: what is not of its type, or larger than it can sensibly be, makes all of it void.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailserver.mail.charset import storable

# A report of the largest senders has some hundred kilobytes of text.
MAX_OCTETS = 4 * 1024 * 1024
MAX_POLICIES = 100
MAX_DETAILS = 1000
_MAX_SESSIONS = 10**12
_MAX_TEXT = 1000
_POLICY_TYPES = ("sts", "tlsa", "no-policy-found")


class BadReport(ValueError):
    """The octets are no report; the message is fixed text."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Sessions that failed in one way; `type` is a word of §4.3."""

    type: str
    sessions: int
    receiving_mx: str = ""
    receiving_ip: str = ""
    sending_ip: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The sessions under one policy of a domain, as A-labels."""

    type: str
    domain: str
    successes: int
    failures: int
    strings: tuple[str, ...] = ()
    mx_patterns: tuple[str, ...] = ()
    details: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A day as one organization saw it; `begin` and `end` are aware."""

    organization: str
    contact: str
    report_id: str
    begin: datetime
    end: datetime
    policies: tuple[Policy, ...]


def write(report: Report) -> bytes:
    """The report as compressed JSON; the same report always gives the same octets."""
    value = {
        "organization-name": report.organization,
        "date-range": {"start-datetime": _stamp(report.begin), "end-datetime": _stamp(report.end)},
        "contact-info": report.contact,
        "report-id": report.report_id,
        "policies": [_policy(policy) for policy in report.policies],
    }
    return gzip.compress(json.dumps(value, ensure_ascii=True, indent=1).encode("ascii"), mtime=0)


def unpack(octets: bytes) -> bytes:
    """The JSON in gzip, one member of at most MAX_OCTETS. Raises BadReport."""
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        text = stream.decompress(octets, MAX_OCTETS + 1)
    except zlib.error:
        raise BadReport("not gzip") from None
    if len(text) > MAX_OCTETS:
        raise BadReport("too large")
    if not stream.eof or stream.unused_data.strip(b"\x00\r\n"):
        raise BadReport("cut off, or more than one file")
    return text


def read(octets: bytes) -> Report:
    """The report in JSON. Raises BadReport."""
    if len(octets) > MAX_OCTETS:
        raise BadReport("too large")
    try:
        value = json.loads(octets.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadReport("not JSON") from None
    top = _object(value)
    days = _object(top.get("date-range"))
    policies = _list(top.get("policies"), MAX_POLICIES)
    report = Report(
        organization=_text(top, "organization-name", ""),
        contact=_text(top, "contact-info", ""),
        report_id=_text(top, "report-id"),
        begin=_time(days, "start-datetime"),
        end=_time(days, "end-datetime"),
        policies=tuple(_read_policy(_object(each)) for each in policies),
    )
    if not report.report_id or report.end < report.begin:
        raise BadReport("without an id, or it ends before it begins")
    return report


def _policy(policy: Policy) -> dict[str, Any]:
    about: dict[str, Any] = {"policy-type": policy.type, "policy-domain": policy.domain}
    if policy.strings:
        about["policy-string"] = list(policy.strings)
    if policy.mx_patterns:
        about["mx-host"] = list(policy.mx_patterns)
    value: dict[str, Any] = {
        "policy": about,
        "summary": {
            "total-successful-session-count": policy.successes,
            "total-failure-session-count": policy.failures,
        },
    }
    if policy.details:
        value["failure-details"] = [dict(_fields(failure)) for failure in policy.details]
    return value


def _fields(failure: Failure) -> Iterator[tuple[str, Any]]:
    """Those that have a value: nothing is known of an address that was never reached."""
    yield "result-type", failure.type
    for name, text in (
        ("sending-mta-ip", failure.sending_ip),
        ("receiving-mx-hostname", failure.receiving_mx),
        ("receiving-ip", failure.receiving_ip),
    ):
        if text:
            yield name, text
    yield "failed-session-count", failure.sessions
    if failure.reason:
        yield "failure-reason-code", failure.reason


def _read_policy(value: dict[str, Any]) -> Policy:
    about, summary = _object(value.get("policy")), _object(value.get("summary"))
    kind = _text(about, "policy-type")
    if kind not in _POLICY_TYPES:
        raise BadReport("unknown type of policy")
    details = _list(value.get("failure-details", []), MAX_DETAILS)
    return Policy(
        type=kind,
        domain=_text(about, "policy-domain").lower().rstrip("."),
        successes=_count(summary, "total-successful-session-count"),
        failures=_count(summary, "total-failure-session-count"),
        strings=_texts(about.get("policy-string", [])),
        # Some write one name, some call it as the draft did.
        mx_patterns=_texts(about.get("mx-host", about.get("mx-host-pattern", []))),
        details=tuple(_read_failure(_object(each)) for each in details),
    )


def _read_failure(value: dict[str, Any]) -> Failure:
    return Failure(
        type=_text(value, "result-type")[:40],
        sessions=_count(value, "failed-session-count"),
        receiving_mx=_text(value, "receiving-mx-hostname", "")[:255],
        receiving_ip=_text(value, "receiving-ip", "")[:45],
        sending_ip=_text(value, "sending-mta-ip", "")[:45],
        reason=_text(value, "failure-reason-code", ""),
    )


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _refuse(_: str) -> None:
    raise BadReport("NaN or Infinity")


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadReport("something is no object")
    return value


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadReport("something is no list, or too long")
    return value


def _text(value: dict[str, Any], name: str, missing: str | None = None) -> str:
    text = value.get(name, missing)
    if text is None and missing is not None:
        return missing
    if not isinstance(text, str):
        raise BadReport("something is no text")
    return " ".join(storable(text).split())[:_MAX_TEXT]


def _texts(value: object) -> tuple[str, ...]:
    each = [value] if isinstance(value, str) else _list(value, MAX_POLICIES)
    if not all(isinstance(text, str) for text in each):
        raise BadReport("something is no text")
    return tuple(storable(text)[:_MAX_TEXT] for text in each)


def _count(value: dict[str, Any], name: str) -> int:
    number = value.get(name, 0)
    if type(number) is not int or not 0 <= number <= _MAX_SESSIONS:
        raise BadReport("something is no number of sessions")
    return number


def _time(value: dict[str, Any], name: str) -> datetime:
    try:
        at = datetime.fromisoformat(_text(value, name))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadReport("something is no time") from None
