"""Sending what was written."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages as notes
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from mailserver.errors import CorreioError
from mailserver.services import drafts, release, suppression
from mailserver.services.drafts import Writing
from webmail import sending
from webmail.access import account, signed_in
from webmail.forms import later
from webmail.forms.compose import ComposeForm
from webmail.fragments import Part, go_to, is_htmx, parts
from webmail.rendering import second_thoughts, writer
from webmail.sending import NotSent
from webmail.views.compose import show
from webmail.views.drafts import keep


@require_POST
@signed_in
def send(request: HttpRequest) -> HttpResponse:
    """Save the draft, then hand it to the mail server. Whatever hinders it is said in the writer, which stays open."""
    form = ComposeForm.posted(request, account(request))
    if not form.is_valid():
        return show(request, writer.of_form(form), status=422)
    try:
        at = later.moment(form.data)
    except ValidationError as error:
        return show(request, writer.of_form(form, trouble=error.messages[0]), status=422)
    try:
        saved = keep(form)
    except CorreioError as error:
        return show(request, writer.of_form(form, trouble=str(error)), status=422)
    if not form.check_recipients():
        return show(request, writer.of_form(form, saved.message_id), status=422)
    written = drafts.load(account_id=form.account.pk, message_id=saved.message_id).writing
    questions = _questions(form, written, confirmed="confirmed" in request.POST)
    if questions:
        return show(request, writer.of_form(form, saved.message_id, questions=questions), status=422)
    try:
        reference = sending.send(account=form.account, message_id=saved.message_id, at=at)
    except NotSent as failure:
        return show(request, writer.of_form(form, saved.message_id, failure=failure), status=422)
    return _sent(request, form.account.pk, reference, at)


def _questions(form: ComposeForm, written: Writing, *, confirmed: bool) -> list[str]:
    """What to ask before it leaves. Who sends anyway trusts the addresses, so they leave the list of failing ones."""
    people = [person.address for person in (*written.to, *written.cc, *written.bcc)]
    if confirmed:
        suppression.forgive(form.account.pk, people)
        return []
    failing = list(suppression.active(form.account.pk, people))
    return [*second_thoughts.failing(failing), *second_thoughts.ask(written, form.own_text)]


def _sent(request: HttpRequest, account_id: int, reference: str, at: datetime | None) -> HttpResponse:
    """The toast, with a way back while the message waits."""
    waits = release.waiting_until(account_id, reference)
    words = _words(account_id, reference, _first(at, waits))
    unsend = reference if waits else ""
    if is_htmx(request) and "full" not in request.POST:
        return parts(request, Part("#toasts", "shell/_toast.html", {"text": words, "unsend": unsend}, "innerHTML"))
    notes.success(request, words, extra_tags=f"unsend {unsend}" if unsend else "")
    return go_to(reverse("inbox")) if is_htmx(request) else redirect("inbox")


def _first(at: datetime | None, waits: datetime | None) -> str:
    if at:
        return f"Leaves {timezone.localtime(at):%A, %-d %B at %H:%M}"
    return "Sending" if waits else "Sent"


def _words(account_id: int, reference: str, first: str) -> SafeString:
    """'Sent · View · Path' for the toast; `first` is its first word."""
    message = drafts.sent_copy(account_id=account_id, reference=reference)
    if message is None:
        return format_html("{}", first)
    mailbox_id = message.entries.values_list("mailbox_id", flat=True).first()
    view = reverse("conversation", args=[mailbox_id, message.thread_id]) if mailbox_id else reverse("inbox")
    path = reverse("path", args=[message.pk])
    return format_html('{} · <a href="{}">View</a> · <a href="{}">Path</a>', first, view, path)
