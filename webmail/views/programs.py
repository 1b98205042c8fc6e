"""How to set up a phone or a mail program: the servers to type in, and a profile for Apple's."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import programs
from webmail.access import account, signed_in
from webmail.rendering import mobileconfig


@require_safe
@signed_in
def setup(request: HttpRequest) -> HttpResponse:
    """What to type in."""
    context = {"protocols": _protocols(), "apple": mobileconfig.is_possible(), "current": "account"}
    return render(request, "programs/page.html", context)


@require_safe
@signed_in
def apple(request: HttpRequest) -> HttpResponse:
    """The profile of the signed-in account as a file, which iOS and macOS offer to install."""
    reader = account(request)
    octets = mobileconfig.profile(reader.address, reader.shown_name)
    if octets is None:
        raise Http404
    name = f"{reader.address.rpartition('@')[2]}.mobileconfig"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(octets, content_type="application/x-apple-aspen-config", headers=headers)


def _protocols() -> list[tuple[str, str, list[programs.Server]]]:
    """(title, what it is for, servers from best to worst) of those that are offered."""
    words = {
        "imap": ("Reading by IMAP", "Mail stays here and looks the same on every device."),
        "pop3": ("Reading by POP3", "Only for programs without IMAP: they fetch the inbox and know no folders."),
        "smtp": ("Sending by SMTP", "With the same user name and password."),
    }
    offered = programs.servers()
    found = [(*told, [one for one in offered if one.protocol == name]) for name, told in words.items()]
    return [(title, purpose, servers) for title, purpose, servers in found if servers]
