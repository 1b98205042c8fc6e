"""What an administrator does to the queue: to recipients ticked, to all that match, to a destination."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from mailserver.services import destinations, queue_bulk
from mailserver.services.queue_bulk import Done
from mailserver.store.models import Account
from webmail.access import next_page, row_id
from webmail.dashboard import queue_filter

DONE = {"retry": "tried now", "hold": "put on hold", "release": "released", "cancel": "cancelled"}
# What cannot be taken back is asked for once more.
ASKED = ("cancel",)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do one thing to the recipients ticked, or with `all` to what the filter finds. `one=` is the button of a row:
    "retry 12". What cannot be taken back wants `sure`: "quietly" or "report".
    """
    name, _, only = request.POST.get("one", "").partition(" ")
    name = name or request.POST.get("act", "")
    if name not in queue_bulk.ACTS:
        raise Http404
    whole = not only and request.POST.get("all") == "1"
    named = map(row_id, [only] if only else request.POST.getlist("recipient"))
    ids = [number for number in named if number is not None]
    sure = request.POST.get("sure", "")
    if name in ASKED and sure not in ("quietly", "report") and (whole or ids):
        return _ask(request, name, ids, whole)
    report, by = sure == "report", who(request)
    if whole:
        done = queue_bulk.everything(name, queue_filter.read(request.POST.dict()), by=by, report=report)
    else:
        done = queue_bulk.some(name, ids, by=by, report=report)
    messages.info(request, _said(done, DONE[name]))
    return redirect(next_page(request, "admin:queue"))


@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """`domain`, and `act` which is pause or resume."""
    domain, name = request.POST.get("domain", "").strip().lower(), request.POST.get("act")
    if name not in ("pause", "resume") or not domain or len(domain) > 255 or not domain.isprintable():
        raise Http404
    if name == "pause":
        destinations.pause(domain, by=who(request))
        messages.info(request, f"Nothing is sent to {domain} until you resume it.")
    else:
        destinations.resume(domain, by=who(request))
        messages.info(request, f"Mail to {domain} goes out again.")
    return redirect(next_page(request, "admin:queue_destinations"))


def who(request: HttpRequest) -> str:
    """The address of the administrator, for the rows that tell who did it."""
    assert isinstance(request.user, Account)
    return request.user.address


def _ask(request: HttpRequest, name: str, ids: list[int], whole: bool) -> HttpResponse:
    wanted = queue_filter.read(request.POST.dict())
    number = queue_bulk.count(name, wanted) if whole else len(ids)
    context = {
        **admin.site.each_context(request),
        "title": "Cancel one message?" if number == 1 else f"Cancel {min(number, queue_bulk.MOST):,} messages?",
        "here": "queue",
        "act": name,
        "recipients": ids,
        "whole": whole,
        "fields": queue_filter.fields(wanted) if whole else [],
        "chips": queue_filter.chips(wanted) if whole else [],
        "most": queue_bulk.MOST if number > queue_bulk.MOST else 0,
        "next": next_page(request, "admin:queue"),
    }
    return render(request, "admin/queue_sure.html", context)


def _said(done: Done, words: str) -> str:
    if done.more:
        return f"{done.changed:,} {words}; there are more. Do it again for the next ones."
    if done.seen == done.changed == 1:
        return f"It was {words}."
    return f"{done.changed:,} of {done.seen:,} {words}."
