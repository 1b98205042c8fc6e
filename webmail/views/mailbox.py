"""Conversation lists: the inbox, any folder, Starred."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailserver.services import mailboxes
from mailserver.store.models import Mailbox
from webmail.access import account, signed_in
from webmail.fragments import answer
from webmail.rendering import listing
from webmail.rendering.listing import Listing


@require_safe
@signed_in
def inbox(request: HttpRequest) -> HttpResponse:
    """The page after sign-in."""
    return _mailbox(request, mailboxes.by_use(account(request).pk, Mailbox.Use.INBOX))


@require_safe
@signed_in
def mailbox(request: HttpRequest, mailbox_id: int) -> HttpResponse:
    """A folder's conversations, newest first; `?only=unseen|starred` filters, `?before=` continues."""
    return _mailbox(request, mailboxes.get(account(request).pk, mailbox_id))


@require_safe
@signed_in
def starred(request: HttpRequest) -> HttpResponse:
    """Starred conversations of all folders."""
    return show(request, listing.of_starred(account(request).pk, request.GET))


def _mailbox(request: HttpRequest, box: Mailbox) -> HttpResponse:
    return show(request, listing.of_mailbox(box, request.GET))


def show(request: HttpRequest, found: Listing) -> HttpResponse:
    """A whole page; for htmx the panes, or only the rows when it asks for a further page."""
    fragment = "mailbox/_rows.html" if found.later_page else "mailbox/_panes.html"
    return answer(request, "mailbox/page.html", fragment, {"listing": found, "current": found.key})
