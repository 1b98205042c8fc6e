"""The path of a message, step by step, and what its author can do about it."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mailserver.mail import explain
from mailserver.mail.addresses import HeaderAddress
from mailserver.services import correspondents, messages, queue_control, timeline
from mailserver.services.path import Path, Way
from webmail.access import account, signed_in
from webmail.fragments import answer
from webmail.rendering import path_groups, path_map

ACTS = {
    "retry": (queue_control.retry_now, "It is being tried again now.", "It was on its way already."),
    "cancel": (queue_control.cancel, "Nobody tries to deliver it any more.", "It had left already."),
}


# What is said of an address that nobody has.
NOBODY = ("no_mailbox", "no_domain", "bad_address", "not_theirs")


@require_safe
@signed_in
def path(request: HttpRequest, message_id: int) -> HttpResponse:
    """The way to one recipient (`?to=` its number, else the first that wants attention)."""
    found = timeline.path_of(account(request).pk, message_id)
    way = _chosen(found, request.GET.get("to", ""))
    places = messages.locate(account(request).pk, message_id)
    context = {
        "path": found,
        "way": way,
        "groups": path_groups.grouped(found.ways, way),
        "slip": _slip(account(request).pk, way) if way else None,
        "repeatable": [each for each in found.ways if each.may_repeat],
        "map": path_map.drawn(found, way) if way else None,
        "current": places[0][0] if places else "",
        "back": _back(account(request).pk, message_id),
    }
    return answer(request, "path/page.html", "path/_path.html", context)


@require_POST
@signed_in
def path_act(request: HttpRequest, message_id: int) -> HttpResponse:
    """Try again now, stop trying, or stop and write it anew; only waiting mail of one's own is touched."""
    if request.POST.get("act") == "correct":
        return _correct(request, message_id)
    act = ACTS.get(request.POST.get("act", ""))
    way = _chosen(timeline.path_of(account(request).pk, message_id), request.POST.get("to", ""))
    if act is None or way is None:
        raise Http404
    change, done, too_late = act
    changed = change([way.recipient_id], by=account(request).address, account_id=account(request).pk)
    notes.info(request, done if changed else too_late)
    return redirect(f"{reverse('path', args=[message_id])}?to={way.recipient_id}")


def _correct(request: HttpRequest, message_id: int) -> HttpResponse:
    way = _chosen(timeline.path_of(account(request).pk, message_id), request.POST.get("to", ""))
    if way is None or not way.may_correct:
        raise Http404
    if queue_control.cancel([way.recipient_id], by=account(request).address, account_id=account(request).pk):
        return redirect(f"{reverse('again', args=[message_id])}?to={way.recipient_id}")
    notes.info(request, "It had left already.")
    return redirect(f"{reverse('path', args=[message_id])}?to={way.recipient_id}")


def _chosen(found: Path, wanted: str) -> Way | None:
    """The way asked for; else the first that failed, or waits, or the first."""
    if wanted:
        way = next((way for way in found.ways if str(way.recipient_id) == wanted), None)
        if way is None:
            raise Http404
        return way
    order = sorted(found.ways, key=lambda way: (not way.failed, not way.may_cancel))
    return order[0] if order else None


def _slip(account_id: int, way: Way) -> tuple[HeaderAddress, int] | None:
    """Whom the author probably meant, when there is nobody of that address."""
    if not way.failed or (way.reply[:1].isdigit() and explain.reply(way.reply).kind not in NOBODY):
        return None
    return correspondents.meant(account_id=account_id, address=way.address)


def _back(account_id: int, message_id: int) -> str:
    """The conversation the message is part of."""
    places = messages.locate(account_id, message_id)
    if not places:
        return reverse("inbox")
    mailbox, entry = places[0]
    return reverse("conversation", args=[mailbox.pk, entry.thread_id])
