"""Acts on conversations, from rows, selections and the open conversation; and taking them back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from mailserver.services import mailboxes, threads
from mailserver.services import undo as undo_steps
from webmail import acts
from webmail.access import account, next_page, signed_in
from webmail.fragments import Part, is_htmx, parts
from webmail.rendering.rows import RowMaker

SHOWN_AGAIN = 100  # rows drawn anew after an act; more are left to the next load


@require_POST
@signed_in
def act(request: HttpRequest) -> HttpResponse:
    """Do what the form asks with the conversations it names."""
    order = acts.read_order(request.POST)
    if not order.keys:
        return _done(request, "Tick a conversation first", None)
    if order.act == "erase" and "sure" not in request.POST:
        return _ask(request, order)
    outcome = acts.perform(account(request).pk, order)
    quiet = "quiet" in request.POST
    pieces = [*_lines(request, order, outcome), *counts(request, outcome.touched)]
    if "reading" in request.POST and outcome.leaves:
        pieces.append(Part("#reading", "mailbox/_nothing_open.html"))
    return _done(request, "" if quiet else outcome.text, outcome.undo, *pieces)


@require_POST
@signed_in
def undo(request: HttpRequest, step_id: int) -> HttpResponse:
    """Take back one act."""
    title = undo_steps.undo(account_id=account(request).pk, step_id=step_id)
    response = _done(request, f"Undone: {title[:1].lower()}{title[1:]}", None)
    response.headers["HX-Trigger"] = "mail:changed"
    return response


def _ask(request: HttpRequest, order: acts.Order) -> HttpResponse:
    """Deleting for good is asked for first: a dialog with scripts, a page without."""
    lines = [f"{box}-{thread}" for box, thread in order.keys]
    context = {"order": order, "lines": lines, "next": next_page(request), "reading": "reading" in request.POST}
    if is_htmx(request):
        return parts(request, Part("#dialogs", "act/_erase.html", context, swap="innerHTML"))
    return render(request, "act/erase.html", context)


def _done(request: HttpRequest, text: str, step: int | None, *pieces: Part) -> HttpResponse:
    """The changed parts and a toast for htmx; for others back to the page, which shows the toast."""
    if is_htmx(request):
        toast = [Part("#toasts", "shell/_toast.html", {"text": text, "undo": step}, swap="innerHTML")] if text else []
        return parts(request, *pieces, *toast)
    if text:
        messages.success(request, text, extra_tags=str(step or ""))
    return HttpResponseRedirect(next_page(request))


def _lines(request: HttpRequest, order: acts.Order, outcome: acts.Outcome) -> list[Part]:
    """The rows as they are now: gone or drawn anew."""
    if outcome.leaves:
        return [Part(f"#line-{box}-{thread}", swap="delete") for box, thread in order.keys]
    found = threads.lines(account(request).pk, order.keys[:SHOWN_AGAIN])
    rows = RowMaker(account(request).pk).rows(found)
    return [Part(f"#line-{row.key}", "mailbox/_row.html", {"row": row}) for row in rows]


def counts(request: HttpRequest, touched: frozenset[int]) -> list[Part]:
    """The figures beside the folders, and above the list if it is one of them."""
    pieces = []
    for box in mailboxes.list_for(account(request).pk):
        if box.pk in touched:
            pieces.append(Part(f'[data-mailbox="{box.pk}"] > .n', "shell/_count.html", {"box": box}))
            target = f'#list[data-mailbox="{box.pk}"] #unread'
            pieces.append(Part(target, "mailbox/_unread.html", {"box": box}, swap="innerHTML"))
    return pieces
