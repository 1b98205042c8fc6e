"""Pages for what goes wrong, and the one table from domain errors to HTTP."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from mailserver.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CorreioError,
    InvalidName,
    MessageTooLarge,
    NotFound,
    NotPermitted,
    OverQuota,
    TooLate,
    TooManyRecipients,
    Unavailable,
    entry_of,
)
from webmail.fragments import Part, is_htmx, parts

logger = logging.getLogger(__name__)

STATUS: dict[type[CorreioError], int] = {
    NotFound: 404,
    NotPermitted: 403,
    AuthenticationFailed: 403,
    InvalidName: 400,
    AlreadyExists: 409,
    TooLate: 409,
    TooManyRecipients: 400,
    MessageTooLarge: 413,
    OverQuota: 507,
    Unavailable: 503,
}
# Title and advice by status; 4xx and 5xx without a line of their own use the hundred's.
WORDS = {
    400: ("This request makes no sense", "The address or the form is damaged. Going back and trying again may help."),
    403: ("This is not yours to open", "You may be signed in to another account than the one this belongs to."),
    404: (
        "There is nothing at this address",
        "The conversation may have been deleted, or it belongs to another account. Nothing of yours is lost.",
    ),
    413: ("This is too large", "Send it in parts, or put it somewhere and send the link."),
    429: ("Too many tries", "Wait a quarter of an hour, then try again. Your mail keeps arriving meanwhile."),
    500: ("Something broke on our side", "It has been written down. Your mail is safe; please try again in a moment."),
    503: ("Not right now", "The mail store does not answer at this moment. Trying again soon may work."),
    507: ("Your storage is full", "Delete what you no longer need, empty the trash, or ask for more room."),
}


class ErrorsMiddleware:
    """Answers domain errors that views let pass. The signed-in reader's time zone holds for the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, CorreioError):
            return None
        status = entry_of(STATUS, error) or 500
        if status >= 500:
            logger.error("%s: %s", request.path, error)
        return page(request, status, str(error))


def page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The error page; for htmx a toast that leaves everything else as it is."""
    title, advice = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    if is_htmx(request):
        text = detail or f"{title}. {advice}"
        return parts(request, Part("#toasts", "shell/_toast.html", {"text": text}, swap="innerHTML"), status=status)
    mark = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}"
    logger.info("error page %s, mark %s: %s %s", status, mark, request.path, detail)
    context = {"status": status, "title": title, "advice": advice, "detail": detail, "mark": mark}
    return render(request, "errors/page.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return page(request, 400)


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """handler403."""
    return page(request, 403)


def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    """handler404."""
    return page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500. The request may be half made, so nothing of it is asked but its path."""
    title, advice = WORDS[500]
    mark = f"{timezone.now():%H%M}-{secrets.token_hex(2)}"
    logger.error("error page 500, mark %s: %s", mark, request.path)
    context = {"status": 500, "title": title, "advice": advice, "mark": mark}
    return render(None, "errors/page.html", context, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our page, or whose cookie is gone."""
    logger.warning("%s refused: %s", request.path, reason)
    return page(request, 403, "The form was too old or came from elsewhere, so nothing was changed. Please try again.")
