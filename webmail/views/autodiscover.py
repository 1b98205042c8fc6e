"""Outlook's question for the servers of an address (MS-OXDSCLI, "POX"). Every answer is a 200, also an error."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from mailserver.errors import InvalidName
from mailserver.mail import addresses, autodiscover
from mailserver.services import programs

# MS-OXDSCLI §3.1.5: code and words.
UNKNOWN_ADDRESS = (500, "The e-mail address cannot be found.")
INVALID = (600, "Invalid Request")
OTHER_SCHEMA = (601, "Provider is not available")


@csrf_exempt  # programs have no form of ours; the answer depends on no cookie, and nothing is changed
@require_POST
def discover(request: HttpRequest) -> HttpResponse:
    """The best server of each protocol, the same for every address of a domain, whether somebody has it or not."""
    question = autodiscover.read(request.read(autodiscover.MAX_SIZE + 1))
    if question is None or not question.schema:
        return _error(request, *INVALID)
    if question.schema != autodiscover.RESPONSE_SCHEMA:
        return _error(request, *OTHER_SCHEMA)
    try:
        address = addresses.parse(question.address)
    except InvalidName:
        return _error(request, *INVALID)
    if not programs.hosted(address.domain):
        return _error(request, *UNKNOWN_ADDRESS)
    servers = filter(None, (programs.best("imap"), programs.best("pop3"), programs.best("smtp")))
    return _xml(request, "programs/autodiscover.xml", {"address": str(address), "servers": list(servers)})


def _error(request: HttpRequest, code: int, words: str) -> HttpResponse:
    return _xml(request, "programs/autodiscover_error.xml", {"code": code, "words": words, "now": timezone.now()})


def _xml(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    return render(request, template, context, content_type="text/xml; charset=utf-8")
