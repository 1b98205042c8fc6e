"""What the search field finds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webmail.access import account, signed_in
from webmail.rendering import listing
from webmail.views.mailbox import show


@require_safe
@signed_in
def search(request: HttpRequest) -> HttpResponse:
    """Conversations by subject and people, newest first; without words an invitation to type some."""
    return show(request, listing.of_search(account(request).pk, request.GET))
