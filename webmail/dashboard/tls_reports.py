"""What other servers report about TLS with our domains."""

from __future__ import annotations

from datetime import date

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import tls_reports_received

# RFC 8460 §4.3, for people.
WORDS = {
    "starttls-not-supported": "We did not offer STARTTLS",
    "certificate-host-mismatch": "Our certificate is for another name",
    "certificate-expired": "Our certificate had expired",
    "certificate-not-trusted": "Our certificate is not from a trusted authority",
    "validation-failure": "Something else was wrong with our certificate",
    "tlsa-invalid": "The TLSA record does not fit our certificate",
    "dnssec-invalid": "DNSSEC of the domain is broken",
    "dane-required": "They want DANE, which we do not have",
    "sts-policy-fetch-error": "The MTA-STS policy could not be fetched",
    "sts-policy-invalid": "The MTA-STS policy could not be read",
    "sts-webpki-invalid": "The certificate of the policy’s web host is not trusted",
}


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """`?before=` a day goes on with earlier ones."""
    found, following = tls_reports_received.seen(before=_day(request.GET.get("before", "")))
    rows = [
        {"seen": one, "ways": [(WORDS.get(kind, kind), kind, number) for kind, number in one.types]} for one in found
    ]
    context = {
        **admin.site.each_context(request),
        "title": "TLS reports",
        "here": "tls",
        "rows": rows,
        "next": following,
    }
    return render(request, "admin/tls_reports.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Http404 from None
