"""Mail programs ask for their settings under names of the domains, which CORREIO_ALLOWED_HOSTS need not list."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mailserver.services import mta_sts, programs

PATHS = (
    "/mail/config-v1.1.xml",
    "/.well-known/autoconfig/mail/config-v1.1.xml",
    "/autodiscover/autodiscover.xml",
    "/Autodiscover/Autodiscover.xml",
)
# Asked for under its own name only (RFC 8461 §3.3).
POLICY_PATH = "/.well-known/mta-sts.txt"
_ASKED = "correio.asked_host"  # no header of a request has such a key in META


class ProgramHostsMiddleware:
    """Lets `autoconfig.`, `autodiscover.` and the bare name of a hosted domain through to PATHS, and to nothing else;
    `mta-sts.` to its policy.

    The request goes on under a name of ours: whatever is behind cannot be led to repeat a stranger's Host. All other
    hosts keep theirs and are refused as everywhere.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if domain := _domain(request.path_info, request.META.get("HTTP_HOST", "")):
            request.META[_ASKED] = domain
            if ours := _our_host():
                request.META["HTTP_HOST"] = ours
        return self.get_response(request)


def asked_domain(request: HttpRequest) -> str:
    """The hosted domain whose name the request came to; "" for another."""
    return str(request.META.get(_ASKED, ""))


def _domain(path: str, host: str) -> str:
    name = host.rpartition(":")[0] if ":" in host else host
    label, _, domain = name.lower().partition(".")
    if path == POLICY_PATH:
        return programs.hosted(domain) if label == mta_sts.HOST else ""
    if path not in PATHS:
        return ""
    return (programs.hosted(domain) if label in programs.PAGE_NAMES else "") or programs.hosted(name)


def _our_host() -> str:
    """A host that Django lets in; "" when it lets in all."""
    return "" if "*" in settings.ALLOWED_HOSTS else settings.ALLOWED_HOSTS[0].lstrip(".")
