"""What was turned away at the door, for the question "why did my message not arrive?"."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import refusals


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """`?q=` an address, a part of one or an IP address, `?from=` how many to skip."""
    offset = request.GET.get("from", "0")
    if not offset.isdecimal() or len(offset) > 9:
        raise Http404
    query = request.GET.get("q", "")[:320].strip()
    found = refusals.latest(text=query, offset=int(offset))
    context = {
        **admin.site.each_context(request),
        "title": "Turned away",
        "here": "refused",
        "rows": found.rows,
        "days": refusals.KEPT.days,
        "query": query,
        "next": int(offset) + refusals.PAGE if found.more else None,
    }
    return render(request, "admin/refused.html", context)
