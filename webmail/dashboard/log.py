"""Who did what here."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import audit
from webmail.access import row_id

WORDS = {
    "stop": "put on hold",
    "released": "released",
    "discarded": "discarded",
    "pause": "paused mail to",
    "resume": "resumed mail to",
    "retry": "tried now",
    "hold": "put on hold",
    "release": "released",
    "cancel": "cancelled",
    "limit": "changed the sending limits of",
    "imap": "changed the IMAP extensions of",
}


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The latest first; `?before=` the last one of the page before."""
    before = row_id(request.GET.get("before", "0"))
    if before is None:
        raise Http404
    rows, following = audit.page(before or None)
    context = {
        **admin.site.each_context(request),
        "title": "Who did what",
        "here": "log",
        "rows": [(row, WORDS.get(row.action, row.action)) for row in rows],
        "next": following,
        "days": audit.KEPT.days,
    }
    return render(request, "admin/log.html", context)
