"""The MTA-STS policy of a hosted domain, which other servers ask for at mta-sts.<domain> (RFC 8461 §3.3)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailserver.services import mta_sts
from webmail.program_hosts import asked_domain


@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """The policy of the domain whose host was asked; 404 under any other name, and where there is none."""
    domain = asked_domain(request)
    text = mta_sts.policy(domain) if domain else ""
    if not text:
        raise Http404
    return HttpResponse(text, content_type="text/plain; charset=us-ascii")
