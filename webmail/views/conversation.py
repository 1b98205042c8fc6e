"""One conversation, beside the list it was opened from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mailserver.services import mailboxes, messages, threads
from mailserver.store.models.mailbox import Flag
from webmail.access import account, signed_in
from webmail.fragments import Part, answer, is_htmx, parts
from webmail.rendering import conversation as drawing
from webmail.rendering import listing, tools
from webmail.rendering.rows import RowMaker


@require_safe
@signed_in
def conversation(request: HttpRequest, mailbox_id: int, thread_id: int) -> HttpResponse:
    """Every message of a conversation, oldest first. `?open=` unfolds messages, `?images=` shows remote pictures.

    Nothing is marked as read here: the page asks for that with a form.
    """
    account_id = account(request).pk
    box = mailboxes.get(account_id, mailbox_id)
    items = threads.conversation(account_id, thread_id)
    line = threads.line(account_id, mailbox_id, thread_id)
    if line is None:
        return redirect("conversation", items[-1].mailbox.pk, thread_id)
    newer, older = threads.neighbours(line)
    context = {
        "conversation": drawing.build(
            account_id,
            thread_id,
            items,
            opened=_numbers(request.GET.getlist("open")),
            images=_numbers(request.GET.getlist("images")),
        ),
        "line": line,
        "current": box,
        "newer": newer,
        "older": older,
        "tools": tools.for_folder(box.special_use),
        "open_thread": thread_id,
    }
    if not is_htmx(request):
        shown = listing.of_mailbox(box, request.GET)
        if thread_id not in {row.thread_id for row in shown.rows}:
            shown = listing.of_mailbox(box, request.GET, start=listing.beginning_at(line))
        context["listing"] = shown
    return answer(request, "conversation/page.html", "conversation/_reading.html", context)


@require_safe
@signed_in
def card(request: HttpRequest, message_id: int) -> HttpResponse:
    """One message of an open conversation, unfolded; `?images=` shows remote pictures."""
    account_id = account(request).pk
    item = threads.conversation_message(account_id, message_id)
    found = drawing.build(account_id, item.message.thread_id, [item], images=_numbers(request.GET.getlist("images")))
    return render(request, "conversation/_card.html", {"card": found.cards[0]})


@require_POST
@signed_in
def star(request: HttpRequest, message_id: int) -> HttpResponse:
    """Put the star on one message (`on=1`) or take it off."""
    account_id = account(request).pk
    item = threads.conversation_message(account_id, message_id)
    on = request.POST.get("on") == "1"
    add, remove = (Flag.FLAGGED, 0) if on else (0, Flag.FLAGGED)
    messages.set_flags(account_id=account_id, mailbox_id=item.mailbox.pk, uids=[item.uid], add=add, remove=remove)
    if not is_htmx(request):
        return redirect("conversation", item.mailbox.pk, item.message.thread_id)
    lines = threads.lines(account_id, [(item.mailbox.pk, item.message.thread_id)])
    rows = [Part(f"#line-{row.key}", "mailbox/_row.html", {"row": row}) for row in RowMaker(account_id).rows(lines)]
    shown = drawing.card(replace(item, flags=item.flags & ~remove | add), ())
    return parts(request, Part(f"#star-{message_id}", "conversation/_star.html", {"card": shown}), *rows)


def _numbers(texts: Iterable[str]) -> set[int]:
    return {int(text) for text in texts if text.isdecimal() and len(text) < 19}
