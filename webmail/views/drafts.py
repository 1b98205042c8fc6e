"""Keeping what is being written: saving, adding and removing files, discarding, completing addresses."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from mailserver.errors import CorreioError
from mailserver.services import correspondents, drafts
from mailserver.services.drafts import Saved
from webmail.access import account, row_id, signed_in
from webmail.forms.compose import ComposeForm
from webmail.fragments import Part, go_to, is_htmx, parts
from webmail.rendering import replies, writer
from webmail.rendering.writer import Writer
from webmail.views.compose import show


@require_POST
@signed_in
def save(request: HttpRequest) -> HttpResponse:
    """Save what was posted. Scripts get JSON, htmx the writer, others the draft's page."""
    form = ComposeForm.posted(request, account(request))
    if not form.is_valid():
        return _trouble(request, writer.of_form(form))
    try:
        saved = keep(form)
    except CorreioError as error:
        return _trouble(request, writer.of_form(form, trouble=str(error)))
    if _wants_json(request):
        return JsonResponse(_report(request, saved))
    if is_htmx(request) or "unfold" in request.POST:
        loaded = drafts.load(account_id=form.account.pk, message_id=saved.message_id)
        drawn = writer.of_draft(form.account, loaded, full="full" in request.POST, fold="unfold" not in request.POST)
        return show(request, drawn)
    return redirect("inbox") if "close" in request.POST else redirect("draft", saved.message_id)


@require_POST
@signed_in
def discard(request: HttpRequest) -> HttpResponse:
    """Throw a draft away; it lies in Trash and can be taken back."""
    number = row_id(request.POST.get("draft", ""))
    step = drafts.discard(account_id=account(request).pk, message_id=number) if number else None
    if is_htmx(request):
        if "full" in request.POST:
            return go_to(reverse("inbox"))
        context = {"text": "Draft discarded", "undo": step.pk if step else None}
        return parts(request, Part("#toasts", "shell/_toast.html", context, "innerHTML"))
    notes.info(request, "Draft discarded", extra_tags=str(step.pk) if step else "")
    return redirect("inbox")


@require_GET
@signed_in
def people(request: HttpRequest) -> HttpResponse:
    """Those one may mean by the letters typed so far."""
    found = correspondents.find(account_id=account(request).pk, text=request.GET.get("q", "")[:100])
    context = {"people": found, "id_prefix": request.GET.get("list", "people")[:40]}
    return render(request, "compose/_people.html", context)


def keep(form: ComposeForm) -> Saved:
    """Save a valid form, with the quote below the text if it is to go along. Raises what `drafts.save` does."""
    source = form.source_of
    quote = replies.quote_of(form.account, source) if source and form.cleaned_data["quoted"] else None
    below = (replies.below_text(quote), quote.html) if quote else ("", "")
    return drafts.save(account_id=form.account.pk, writing_=form.writing(below), replaces=form.cleaned_data["draft"])


def _report(request: HttpRequest, saved: Saved) -> dict[str, object]:
    """What the script of the writer needs to go on."""
    loaded = drafts.load(account_id=account(request).pk, message_id=saved.message_id)
    drawn = writer.of_draft(account(request), loaded, full=False)
    return {
        "draft": saved.message_id,
        "url": reverse("draft", args=[saved.message_id]),
        "state": drawn.state,
        "weight": drawn.total,
        "files": render_to_string("compose/_files.html", {"writer": drawn}, request),
    }


def _trouble(request: HttpRequest, drawn: Writer) -> HttpResponse:
    if _wants_json(request):
        found = [str(error) for errors in drawn.form.errors.values() for error in errors]
        return JsonResponse({"errors": [drawn.trouble] if drawn.trouble else found}, status=422)
    return show(request, drawn, status=422)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"
