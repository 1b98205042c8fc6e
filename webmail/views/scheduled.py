"""Mail that has not left yet: what waits for its hour, and Send taken back."""

from __future__ import annotations

from django.contrib import messages as notes
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailserver.errors import NotFound, TooLate
from mailserver.services import release
from webmail.access import account, signed_in
from webmail.forms import later
from webmail.fragments import go_to, is_htmx


@require_safe
@signed_in
def scheduled(request: HttpRequest) -> HttpResponse:
    """What waits, the next to leave first."""
    context = {"lines": release.scheduled(account(request).pk), "current": "scheduled"}
    return render(request, "scheduled/page.html", context)


@require_POST
@signed_in
def scheduled_act(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Send it now, at another time, or never; or write on."""
    person = account(request)
    try:
        match request.POST.get("act", ""):
            case "now":
                release.reschedule(account_id=person.pk, entry_id=entry_id, at=timezone.now(), by=person.address)
                notes.success(request, "On its way")
            case "move":
                at = later.given(request.POST.get("later_at", ""))
                release.reschedule(account_id=person.pk, entry_id=entry_id, at=at, by=person.address)
                notes.success(request, f"It leaves on {timezone.localtime(at):%A, %-d %B at %H:%M}")
            case "edit":
                return _write_on(request, entry_id)
            case "cancel":
                release.cancel(account_id=person.pk, entry_id=entry_id, by=person.address)
                notes.success(request, "It will not be sent")
            case _:
                raise Http404
    except (TooLate, ValidationError) as error:
        notes.error(request, error.messages[0] if isinstance(error, ValidationError) else str(error))
    return redirect("scheduled")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def unsend(request: HttpRequest, reference: str) -> HttpResponse:
    """Take back what was just sent and write on. By GET a page that asks, for browsers without scripts."""
    try:
        entry_id = release.find(account(request).pk, reference)
    except NotFound:
        raise Http404 from None
    if request.method != "POST":
        return render(request, "scheduled/unsend.html", {"reference": reference, "current": "scheduled"})
    try:
        return _write_on(request, entry_id)
    except TooLate as error:
        notes.error(request, str(error))
        return go_to(reverse("inbox")) if is_htmx(request) else redirect("inbox")


def _write_on(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Take it back and open it in the writer. Raises TooLate, NotFound."""
    person = account(request)
    draft = release.take_back(account_id=person.pk, entry_id=entry_id, by=person.address)
    notes.success(request, "Not sent")
    url = reverse("draft", args=[draft]) if draft else reverse("scheduled")
    return go_to(url) if is_htmx(request) else redirect(url)
