"""The queue: who waits for what, and the dialogue of every try."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_safe

from mailserver.services import destinations, path_words, queue_destinations, queue_list, timeline
from mailserver.services.queue_list import Filter
from mailserver.store.models import QueueEntry
from webmail.dashboard import queue_filter
from webmail.dashboard.queue_lines import line, spoken

SHOWN = {
    "waiting": "All",
    "deferred": "Try again",
    "held": "On hold",
    "delivering": "Being sent",
    "returned": "Returned",
    "done": "Done",
}


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """What `queue_filter` reads from the address; `?after=` the last row of the page before."""
    wanted = queue_filter.read(request.GET)
    try:
        found = queue_list.page(wanted, after=request.GET.get("after", ""))
    except ValueError as error:
        raise Http404 from error
    context = {
        **_frame(request, wanted),
        "lines": [line(row) for row in found.rows],
        "paused": destinations.paused(),
        "open": wanted.group in queue_list.COUNTED,
        "fields": queue_filter.fields(wanted),
        "more": queue_filter.address(wanted, after=found.following) if found.following else "",
        "patience": path_words.span(settings.CORREIO.expire_after),
    }
    return render(request, "admin/queue.html", context)


@require_safe
def by_destination(request: HttpRequest) -> HttpResponse:
    """What waits, by domain; `?q=` a part of its name."""
    text = request.GET.get("q", "")[:255]
    context = {
        **_frame(request, Filter()),
        "show": "destinations",
        "query": text,
        "destinations": [(each, line(each.said) if each.said else None) for each in queue_destinations.page(text)],
        "most": queue_destinations.PAGE,
    }
    return render(request, "admin/queue_destinations.html", context)


@require_safe
def entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One message: its ways, and every try with what was said."""
    found = QueueEntry.objects.filter(pk=entry_id).select_related("account").first()
    if found is None:
        raise Http404
    path = timeline.path_of_entry(entry_id)
    context = {
        **admin.site.each_context(request),
        "title": path.headline,
        "here": "queue",
        "entry": found,
        "path": path,
        "paused": destinations.paused(),
        "lines": [line(row) for row in found.recipients.order_by("id")],
        "tries": [spoken(attempt) for attempt in found.attempts.order_by("-started_at", "-id")],
    }
    return render(request, "admin/queue_entry.html", context)


def _frame(request: HttpRequest, wanted: Filter) -> dict[str, Any]:
    """What both views of the queue show: the sentences, the tabs, what narrows."""
    site = admin.site.each_context(request)
    counts: dict[str, int] = site["queue_counts"]
    tabs = [
        (name, words, counts.get(name), queue_filter.address(Filter(name, *_parts(wanted))))
        for name, words in SHOWN.items()
    ]
    return {
        **site,
        "title": _title(counts["waiting"]),
        "lead": _lead(queue_list.oldest() if counts["waiting"] else None),
        "here": "queue",
        "tabs": tabs,
        "show": wanted.group,
        "chips": queue_filter.chips(wanted),
        "query": wanted.text,
    }


def _parts(wanted: Filter) -> tuple[str, str, str, str]:
    return wanted.text, wanted.domain, wanted.account, wanted.sender


def _title(waiting: int) -> str:
    if not waiting:
        return "Nothing is waiting"
    return "One message is waiting" if waiting == 1 else f"{waiting:,} messages are waiting"


def _lead(oldest: datetime | None) -> str:
    if oldest is None:
        return "What cannot be delivered in time goes back to its sender with the reason in plain words."
    if timezone.now() - oldest < timedelta(minutes=1):
        return "The oldest has just come."
    since = timesince(oldest, depth=2).replace("\N{NO-BREAK SPACE}", " ").replace(", ", " and ")
    return f"The oldest waits for {since}."
