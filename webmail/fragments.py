"""Which part of a page answers: the whole page, one fragment, or several parts at once.

The view chooses, never the client. Fragments are templates whose name starts with `_`; pages include the same files,
so that a page load, a swap and a live update draw the same markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

HTMX_HEADERS = ("HX-Request", "HX-History-Restore-Request")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the page to change: `template` drawn with `context` goes to `target` (a CSS selector).

    `swap` is how, in htmx's words: outerHTML, innerHTML, afterbegin, delete …
    """

    target: str
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    swap: str = "outerHTML"


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; going back in the history asks for the whole."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def answer(
    request: HttpRequest, page: str, fragment: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """`page` for a browser, `fragment` for htmx, drawn with the same context."""
    template = fragment if is_htmx(request) else page
    response = render(request, template, dict(context), status=status)
    patch_vary_headers(response, HTMX_HEADERS)
    return response


def parts(request: HttpRequest, *pieces: Part, status: int = 200) -> HttpResponse:
    """Several changes to the page in one answer to htmx."""
    response = HttpResponse("".join(_wrapped(request, piece) for piece in pieces), status=status)
    patch_vary_headers(response, HTMX_HEADERS)
    return response


def go_to(url: str) -> HttpResponse:
    """Make htmx leave for another page."""
    return HttpResponse(status=204, headers={"HX-Redirect": url})


def _wrapped(request: HttpRequest, piece: Part) -> SafeString:
    html = render_to_string(piece.template, dict(piece.context), request) if piece.template else ""
    opening = f'<hx-partial hx-target="{escape(piece.target)}" hx-swap="{escape(piece.swap)}">'
    return mark_safe(f"{opening}{html}</hx-partial>")  # noqa: S308  # a template's own output
