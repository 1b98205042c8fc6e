"""What to put into the DNS for a domain, to be copied record by record or as a zone file."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import dnsrecords
from mailserver.services.dnsrecords import Record
from mailserver.store.models import Domain

WORDS: dict[dnsrecords.Purpose, tuple[str, str]] = {
    "mx": ("MX", "Mail for the domain comes here. That name needs an A record, and AAAA where the machine has IPv6."),
    "spf": ("SPF", "Only this server may send for the domain. If others do as well, add them before -all."),
    "dkim": ("DKIM", "The key that proves our signatures."),
    "dmarc": ("DMARC", "Others put into spam what neither SPF nor DKIM proves."),
    "servers": ("Servers for mail programs", "Programs find by these where to read and to send."),
    "settings": (
        "Settings for mail programs",
        "Thunderbird and Outlook ask the page under these names, so its TLS proxy needs certificates for them.",
    ),
}
NO_KEY = "Nothing is signed yet: “manage.py make_dkim_key” makes a key, and its record then stands here."


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one purpose, and why they are needed."""

    title: str
    words: str
    records: list[Record]


@require_safe
def page(request: HttpRequest, domain_id: int) -> HttpResponse:
    """The records of a hosted domain. Nothing is looked up."""
    domain = Domain.objects.filter(pk=domain_id, hosted=True).first()
    if domain is None:
        raise Http404
    records = dnsrecords.records(domain.name)
    context = {
        **admin.site.each_context(request),
        "title": f"DNS records of {domain}",
        "here": "dns",
        "domain": domain,
        "groups": [_group(purpose, records) for purpose in WORDS],
        "zone": "\n".join(record.line for record in records),
    }
    return render(request, "admin/dns.html", context)


def _group(purpose: dnsrecords.Purpose, records: list[Record]) -> Group:
    title, words = WORDS[purpose]
    found = [record for record in records if record.purpose == purpose]
    return Group(title, words if found else NO_KEY, found)
