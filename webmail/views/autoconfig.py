"""Thunderbird's question for the servers of a domain; other programs ask the same way."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import programs
from webmail.program_hosts import asked_domain


@require_safe
def autoconfig(request: HttpRequest) -> HttpResponse:
    """config-v1.1.xml for the domain of `?emailaddress=`, or of the host name when no address is sent.

    It says the same of every address of a domain, whether somebody has it or not.
    """
    address = request.GET.get("emailaddress", "")
    domain = programs.hosted(address.rpartition("@")[2]) if address else asked_domain(request)
    if not domain:
        raise Http404
    context = {"domain": domain, "servers": programs.servers()}
    return render(request, "programs/config-v1.1.xml", context, content_type="text/xml; charset=utf-8")
