"""The queue: who waits for what, and the dialogue of every try."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mailserver.services import queue_control, queue_list, timeline
from mailserver.store.models import Account, QueueEntry
from webmail.access import next_page, row_id
from webmail.dashboard.queue_lines import line, spoken

SHOWN = {
    "waiting": "All",
    "deferred": "Try again",
    "held": "On hold",
    "delivering": "Being sent",
    "returned": "Returned",
    "done": "Done",
}
ACTS: dict[str, tuple[Callable[..., list[int]], str]] = {
    "retry": (queue_control.retry_now, "tried now"),
    "hold": (queue_control.hold, "put on hold"),
    "release": (queue_control.release, "released"),
    "cancel": (queue_control.cancel, "cancelled"),
}


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """`?show=` a group of SHOWN, `?q=` an address, domain, number or Message-ID, `?from=` how many to skip."""
    show = request.GET.get("show", "waiting")
    offset = request.GET.get("from", "0")
    if show not in SHOWN or not offset.isdecimal() or len(offset) > 9:
        raise Http404
    query = request.GET.get("q", "")[:320]
    found = queue_list.page(show, text=query, offset=int(offset))
    counts = queue_list.counts()
    context = {
        **admin.site.each_context(request),
        "title": _title(counts["waiting"]),
        "here": "queue",
        "lines": [line(row) for row in found.rows],
        "tabs": [(name, words, counts.get(name)) for name, words in SHOWN.items()],
        "show": show,
        "open": show in queue_list.COUNTED,
        "query": query,
        "next": int(offset) + queue_list.PAGE if found.more else None,
    }
    return render(request, "admin/queue.html", context)


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
        "lines": [line(row) for row in found.recipients.order_by("id")],
        "tries": [spoken(attempt) for attempt in found.attempts.order_by("-started_at", "-id")],
    }
    return render(request, "admin/queue_entry.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do one thing to the recipients ticked. `one=` is the button of a row: "retry 12"."""
    name, _, only = request.POST.get("one", "").partition(" ")
    name = name or request.POST.get("act", "")
    named = map(row_id, [only] if only else request.POST.getlist("recipient"))
    ids = [number for number in named if number is not None]
    if name not in ACTS:
        raise Http404
    change, words = ACTS[name]
    assert isinstance(request.user, Account)
    changed = change(ids, by=request.user.address)
    messages.info(
        request, f"{len(changed)} of {len(ids)} {words}." if len(ids) != 1 or not changed else f"It was {words}."
    )
    return redirect(next_page(request, "admin:queue"))


def _title(waiting: int) -> str:
    if not waiting:
        return "Nothing is waiting"
    return "One message is waiting" if waiting == 1 else f"{waiting:,} messages are waiting"
