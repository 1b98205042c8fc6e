"""What to put into the DNS for a domain, to be copied record by record or as a zone file."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mailserver.services import dkimrotation, dnsrecords
from mailserver.services.dnsrecords import Record
from mailserver.store.models import Domain
from webmail.dashboard import dkim_words
from webmail.dashboard.dkim_words import Note

WORDS: dict[dnsrecords.Purpose, tuple[str, str]] = {
    "mx": ("MX", "Mail for the domain comes here. That name needs an A record, and AAAA where the machine has IPv6."),
    "spf": ("SPF", "Only this server may send for the domain. If others do as well, add them before -all."),
    "dkim": ("DKIM", "The keys that prove our signatures: RSA for everybody, Ed25519 beside it."),
    "dmarc": ("DMARC", "Others put into spam what neither SPF nor DKIM proves."),
    "mta-sts": ("MTA-STS", "Others encrypt mail to the domain and check our certificate, which must be a trusted one."),
    "tlsrpt": ("TLS reports", "Others tell this address each day how encryption with us went."),
    "dane": (
        "DANE (TLSA)",
        "The key of our certificate, for a zone that is signed with DNSSEC. Before a new key is used its record must "
        "be there too; a renewal that keeps the key needs nothing.",
    ),
    "servers": ("Servers for mail programs", "Programs find by these where to read and to send."),
    "settings": (
        "Settings for mail programs",
        "Thunderbird and Outlook ask the page under these names, so its TLS proxy needs certificates for them.",
    ),
}
NOTHING: dict[dnsrecords.Purpose, str] = {
    "dkim": "Nothing is signed yet. Make keys and publish their records: then all mail of the domain is.",
    "mta-sts": "Off. Switch it on in the settings of the domain, best with “testing” first.",
    "dane": "There is no certificate that could be named.",
}
# What the button of the page does, and what is said then.
ACTS = {
    "look": (dkimrotation.look, "The DNS was asked."),
    "begin": (dkimrotation.begin, "There are new keys. Publish their records: they sign once these are seen."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A record, and of a key how far it is."""

    record: Record
    note: Note | None


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one purpose, and why they are needed."""

    purpose: dnsrecords.Purpose
    title: str
    words: str
    lines: list[Line] = field(default_factory=list)


@require_safe
def page(request: HttpRequest, domain_id: int) -> HttpResponse:
    """The records of a hosted domain. Nothing is looked up."""
    domain = _hosted(domain_id)
    records = dnsrecords.records(domain.name)
    # The TLSA record belongs to the zone of this server's name.
    own = [record.line for record in records if f".{record.name}".endswith(f".{domain.name}")]
    context = {
        **admin.site.each_context(request),
        "title": f"DNS records of {domain}",
        "here": "dns",
        "domain": domain,
        "groups": [_group(purpose, records) for purpose in WORDS],
        "waiting": any(record.key and record.key.state == "next" for record in records),
        "zone": "\n".join(own),
    }
    return render(request, "admin/dns.html", context)


@require_POST
def act(request: HttpRequest, domain_id: int) -> HttpResponse:
    """`act=look` asks the DNS for the keys of the domain, `act=begin` makes the next ones."""
    domain, name = _hosted(domain_id), request.POST.get("act", "")
    if name not in ACTS:
        raise Http404
    change, words = ACTS[name]
    change(domain.name)
    messages.info(request, words)
    return redirect("admin:dns", domain_id=domain.pk)


def _hosted(domain_id: int) -> Domain:
    domain = Domain.objects.filter(pk=domain_id, hosted=True).first()
    if domain is None:
        raise Http404
    return domain


def _group(purpose: dnsrecords.Purpose, records: list[Record]) -> Group:
    title, words = WORDS[purpose]
    lines = [
        Line(record, dkim_words.note(record.key) if record.key else None)
        for record in records
        if record.purpose == purpose
    ]
    return Group(purpose, title, words if lines else NOTHING.get(purpose, words), lines)
