"""What the owner of a hosted domain puts into the DNS."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from django.conf import settings

from mailserver.services import dkimkeys, mta_sts, programs
from mailserver.services.dkimkeys import Published

Purpose = Literal["mx", "spf", "dkim", "dmarc", "mta-sts", "tlsrpt", "dane", "servers", "settings"]

# (service, priority): programs that may choose take the lowest (RFC 6186 §3.4, RFC 8314 §5.1).
_SERVICES = (("imaps", 0), ("imap", 10), ("pop3s", 20), ("pop3", 30), ("submissions", 0), ("submission", 10))


@dataclass(frozen=True, slots=True)
class Record:
    """`value` as the forms of DNS providers want it: the text of a TXT record without quotes, names with a last dot.

    `key`: how far a DKIM key is.
    """

    purpose: Purpose
    name: str
    kind: str
    value: str
    key: Published | None = None

    @property
    def line(self) -> str:
        """The record in a zone file (RFC 1035 §5.1)."""
        return f"{self.name}. {self.kind} {quoted(self.value) if self.kind == 'TXT' else self.value}"


def records(domain: str) -> list[Record]:
    """Everything that `domain`, in A-labels, needs to get, to send and to be found by mail programs."""
    signing = [Record("dkim", key.name, "TXT", key.text, key) for key in dkimkeys.published(domain)]
    return [
        Record("mx", domain, "MX", f"10 {settings.CORREIO.hostname}."),
        Record("spf", domain, "TXT", "v=spf1 mx -all"),
        *signing,
        Record("dmarc", f"_dmarc.{domain}", "TXT", "v=DMARC1; p=quarantine"),
        *_encryption(domain),
        *_servers(domain),
        *_settings(domain),
    ]


def quoted(text: str) -> str:
    """A TXT record's strings have at most 255 octets (RFC 1035 §3.3.14); they count as one (RFC 6376 §3.6.2.2)."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


def _encryption(domain: str) -> list[Record]:
    """What makes others encrypt (RFC 8461 §3.1, RFC 7672) and tell us how it went (RFC 8460 §3)."""
    policy, certificate = mta_sts.record(domain), mta_sts.tlsa()
    told = quote(mta_sts.reports_to(domain), safe="@+")
    records = [Record("tlsrpt", f"_smtp._tls.{domain}", "TXT", f"v=TLSRPTv1; rua=mailto:{told}")]
    if policy:
        records.append(Record("mta-sts", f"_mta-sts.{domain}", "TXT", policy))
        records.append(Record("mta-sts", f"{mta_sts.HOST}.{domain}", "CNAME", f"{_page_host()}."))
    if certificate:
        records.append(Record("dane", f"_25._tcp.{settings.CORREIO.hostname}", "TLSA", certificate))
    return records


def _servers(domain: str) -> list[Record]:
    """RFC 6186 and, for submissions, RFC 8314 §7.3. The target `.` says that there is none (RFC 2782)."""
    ports, host = settings.CORREIO.public_ports, settings.CORREIO.public_host
    target = settings.CORREIO.hostname if _is_no_name(host) else host
    return [
        Record(
            "servers",
            f"_{service}._tcp.{domain}",
            "SRV",
            f"{priority} 1 {ports[service]} {target}." if ports[service] else "0 0 0 .",
        )
        for service, priority in _SERVICES
    ]


def _settings(domain: str) -> list[Record]:
    """Where Thunderbird and Outlook ask for all of it: the page answers under these names too."""
    page = _page_host()
    aliases = [Record("settings", f"{name}.{domain}", "CNAME", f"{page}.") for name in programs.PAGE_NAMES]
    return [*aliases, Record("settings", f"_autodiscover._tcp.{domain}", "SRV", f"0 1 443 {page}.")]


def _page_host() -> str:
    """The first name of the page that others could look up."""
    names = (host for host in settings.CORREIO.allowed_hosts if "." in host[1:-1] and host[0] not in ".*")
    return next((host for host in names if not _is_no_name(host)), str(settings.CORREIO.hostname))


def _is_no_name(host: str) -> bool:
    """Whether it is an address, or a name that means the machine one is at."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    return True
