"""Opening the writer: empty, as an answer, to pass a message on, or with a draft."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailserver.mail.addresses import HeaderAddress, parse_list
from mailserver.services import drafts, messages, timeline
from mailserver.services.accounts import own_addresses
from mailserver.services.drafts import Writing
from webmail.access import account, signed_in
from webmail.fragments import answer, is_htmx
from webmail.rendering import replies, writer
from webmail.rendering.replies import Start
from webmail.rendering.writer import Writer


@require_GET
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """An empty message, or what a `mailto:` link asks for (RFC 6068: to, cc, bcc, subject, body)."""
    given, own = request.GET, own_addresses(account(request).pk)
    to = ", ".join(given.getlist("to")).removeprefix("mailto:").partition("?")[0]
    writing = Writing(
        sender=HeaderAddress(account(request).name, own[0] if own else account(request).address),
        to=parse_list(to),
        cc=parse_list(given.get("cc", "")),
        bcc=parse_list(given.get("bcc", "")),
        subject=" ".join(given.get("subject", "").split()),
        text=given.get("body", ""),
    )
    return _start(request, Start(writing, None))


@require_GET
@signed_in
def reply(request: HttpRequest, message_id: int) -> HttpResponse:
    message = messages.get(account(request).pk, message_id)
    return _start(request, replies.reply(account(request), message, everyone=False))


@require_GET
@signed_in
def reply_all(request: HttpRequest, message_id: int) -> HttpResponse:
    message = messages.get(account(request).pk, message_id)
    return _start(request, replies.reply(account(request), message, everyone=True))


@require_GET
@signed_in
def forward(request: HttpRequest, message_id: int) -> HttpResponse:
    message = messages.get(account(request).pk, message_id)
    return _start(request, replies.forward(account(request), message))


@require_GET
@signed_in
def again(request: HttpRequest, message_id: int) -> HttpResponse:
    """What came back or was stopped, to be corrected and sent once more: to the one recipient `?to=` names (or to
    whom `?instead=` names in its place), or to all who did not get it.
    """
    message = messages.get(account(request).pk, message_id)
    ways = timeline.path_of(account(request).pk, message_id).ways
    wanted = request.GET.get("to", "")
    addresses = [way.address for way in ways if (str(way.recipient_id) == wanted if wanted else way.may_repeat)]
    if not addresses:
        raise Http404
    instead = [person.address for person in parse_list(request.GET.get("instead", ""))[:1]]
    addresses = instead if wanted and instead else addresses
    return _start(request, replies.again(account(request), message, addresses))


@require_GET
@signed_in
def draft(request: HttpRequest, message_id: int) -> HttpResponse:
    """A saved draft; `message_id` may be that of an earlier version."""
    loaded = drafts.load(account_id=account(request).pk, message_id=message_id)
    return show(request, writer.of_draft(account(request), loaded, full=not is_htmx(request)))


def show(request: HttpRequest, drawn: Writer, *, status: int = 200) -> HttpResponse:
    """The writer as a page of its own, or as the piece htmx puts into the dock."""
    context = {"writer": drawn, "current": "compose"}
    return answer(request, "compose/page.html", "compose/_writer.html", context, status=status)


def _start(request: HttpRequest, start: Start) -> HttpResponse:
    full = not is_htmx(request)
    return show(request, writer.new(account(request), start.writing, start.quote, start.holdings, full=full))
