"""DMARC (RFC 7489): does what SPF and DKIM proved belong to the author in From, and what does its domain ask for?

Choices where the standard leaves them open:
- pct below 100 makes the policy one step milder for all mail (§6.6.4 gives the unselected part that policy). Dice would
  treat two equal messages differently.
- Several domains in From: each is judged, and the worst answer counts. More than `MAX_AUTHORS` are
  `permerror` and spam.
- No From: the Sender field is judged in its place, as the page shows that one. Without an address: `none`.
- A question that the DNS did not answer is `temperror`, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, get_args

from publicsuffixlist import PublicSuffixList

from mailserver.errors import InvalidName
from mailserver.mail.addresses import to_ascii
from mailserver.mail.addresslists import HeaderAddress, parse_list
from mailserver.mail.headers import of_message
from mailserver.mail.senderauth.results import Dkim, Dmarc, Policy, Spf

Disposition = Literal["none", "quarantine", "reject"]
Records = Mapping[str, Sequence[bytes] | None]

MAX_AUTHORS = 5
_DISPOSITIONS: Sequence[Disposition] = get_args(Disposition)
_BADNESS = ("pass", "none", "temperror", "permerror", "fail")
_MAX_TAGS = 50


@dataclass(frozen=True, slots=True)
class Record:
    """A policy record (RFC 7489 §6.3). `strict_*`: alignment asks for the very same domain."""

    policy: Disposition
    subdomains: Disposition
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100


def author_domains(raw: bytes) -> tuple[str, ...]:
    """The domains in From (A-labels, lower case), each once and at most one more than `MAX_AUTHORS`.

    "" stands for what is no domain name.
    """
    headers = of_message(raw)
    people = parse_list(headers.undecoded("from")) or parse_list(headers.undecoded("sender"))
    found: dict[str, None] = {}
    for person in people:
        if person.address and len(found) <= MAX_AUTHORS:
            found[_domain(person)] = None
    return tuple(found)


@lru_cache(maxsize=5000)
def organisational(domain: str) -> str:
    """The domain that somebody registered (RFC 7489 §3.2): `b.co.uk` of `a.b.co.uk`; a public suffix is its own."""
    return _suffixes().privatesuffix(domain) or domain


def record_names(domain: str) -> tuple[str, ...]:
    """Where the record of an author's domain may be, in order (RFC 7489 §6.6.3)."""
    return tuple(dict.fromkeys(f"_dmarc.{name}" for name in (domain, organisational(domain))))


def questions(domains: Sequence[str]) -> tuple[str, ...]:
    """The TXT records that `judge` needs; none when it will not ask."""
    if len(domains) > MAX_AUTHORS:
        return ()
    return tuple(dict.fromkeys(name for domain in domains if domain for name in record_names(domain)))


def judge(domains: Sequence[str], records: Records, spf: Spf, dkim: Sequence[Dkim]) -> tuple[Dmarc, Disposition]:
    """The result and what to do with the message.

    `records`: the TXT records by name, none where there is no such record; None where the DNS did not answer.
    """
    if len(domains) > MAX_AUTHORS:
        return Dmarc("permerror"), "quarantine"
    judged = [_judge(domain, records, spf, dkim) for domain in domains]
    return max(judged, key=_severity, default=(Dmarc("none"), "none"))


def read(records: Sequence[bytes]) -> Record | None:
    """The record among the TXT records of a name; None when there is none, or more than one (RFC 7489 §6.6.3)."""
    found = [tags for tags in map(_tags, records) if next(iter(tags.items()), None) == ("v", "DMARC1")]
    if len(found) != 1:
        return None
    (tags,) = found
    policy = _policy(tags.get("p", ""))
    if policy is None:
        if not tags.get("rua"):
            return None
        policy = "none"
    percent = tags.get("pct", "")
    return Record(
        policy=policy,
        subdomains=_policy(tags.get("sp", "")) or policy,
        strict_dkim=tags.get("adkim", "").lower() == "s",
        strict_spf=tags.get("aspf", "").lower() == "s",
        percent=int(percent) if percent.isdecimal() and len(percent) <= 3 else 100,
    )


def _judge(domain: str, records: Records, spf: Spf, dkim: Sequence[Dkim]) -> tuple[Dmarc, Disposition]:
    if not domain:
        return Dmarc("permerror"), "none"
    for name in record_names(domain):
        answers = records.get(name)
        if answers is None:
            return Dmarc("temperror", domain), "none"
        record = read(answers)
        if record:
            asked = record.policy if name == f"_dmarc.{domain}" else record.subdomains
            return _aligned(domain, record, asked, spf, dkim)
    return Dmarc("none", domain), "none"


def _aligned(
    domain: str, record: Record, asked: Disposition, spf: Spf, dkim: Sequence[Dkim]
) -> tuple[Dmarc, Disposition]:
    proofs: list[str] = []
    if _same(domain, spf.domain, strict=record.strict_spf):
        proofs.append(spf.result)
    proofs += [item.result for item in dkim if _same(domain, item.domain, strict=record.strict_dkim)]
    policy: Policy = asked
    if "pass" in proofs:
        return Dmarc("pass", domain, policy), "none"
    if "temperror" in proofs:
        return Dmarc("temperror", domain, policy), "none"
    step = _DISPOSITIONS.index(asked) - (record.percent < 100)
    return Dmarc("fail", domain, policy), _DISPOSITIONS[max(0, step)]


def _same(author: str, proved: str, *, strict: bool) -> bool:
    """Alignment (RFC 7489 §3.1)."""
    if strict or not proved:
        return author == proved
    return organisational(author) == organisational(proved)


def _severity(answer: tuple[Dmarc, Disposition]) -> tuple[int, int]:
    found, disposition = answer
    return _DISPOSITIONS.index(disposition), _BADNESS.index(found.result)


def _tags(record: bytes) -> dict[str, str]:
    """Tags as RFC 7489 §6.3 reads them: what is malformed is passed over, of two equal ones the first counts."""
    tags: dict[str, str] = {}
    for part in record.decode("utf-8", "replace").split(";", _MAX_TAGS)[:_MAX_TAGS]:
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags


def _policy(text: str) -> Disposition | None:
    return next((policy for policy in _DISPOSITIONS if policy == text.lower()), None)


def _domain(person: HeaderAddress) -> str:
    _, at, domain = person.address.rpartition("@")
    try:
        return to_ascii(domain.strip().rstrip(".")) if at else ""
    except InvalidName:
        return ""


@cache
def _suffixes() -> PublicSuffixList:
    """The list comes with the package; reading it takes a quarter of a second, so only who needs it does."""
    return PublicSuffixList()
