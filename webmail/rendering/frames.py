"""The document inside the frame of an HTML message.

Three walls: `mail.html.sanitise` cleans the HTML, the frame is sandboxed without scripts and without our origin, and
its own content security policy lets it load nothing but the pictures named here. A sandboxed frame sends no cookies,
so the addresses of those pictures are signed and speak for themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from mailserver.errors import NotFound
from mailserver.mail import bodies, charset, structure
from mailserver.mail.html import MAX_HTML, CleanHtml, sanitise
from mailserver.mail.structure import Part
from mailserver.services import messages
from mailserver.store.models import Account, Message
from webmail.rendering import colours, height, quotes, text

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
_DAY = 86400
# Two salts, so that the address of one kind means nothing to the other.
_parts = signing.TimestampSigner(salt="correio.pictures.parts")
_elsewhere = signing.TimestampSigner(salt="correio.pictures.elsewhere")


@dataclass(frozen=True, slots=True)
class Frame:
    """`blocked` remote pictures were left out; heights in pixels for a wide and a narrow window."""

    html: str
    blocked: int
    coloured: bool
    wide: int
    narrow: int


def has_html(found: bodies.Bodies) -> bool:
    """Whether a message is shown in a frame at all."""
    return any(part.type == "text/html" for part in found.html)


def frame(message: Message, *, remote: bool = False) -> Frame:
    """The HTML of a message, cleaned, and about how tall it is."""
    root = structure.from_json(message.parts)
    by_id = bodies.by_content_id(root)
    parts = [part for part in bodies.select(root).html if part.type.startswith(("text/", "image/"))]
    texts = iter(messages.contents(message, [part for part in parts if _is_text(part)], limit=MAX_HTML))
    cleaned = [_clean(message, part, next(texts) if _is_text(part) else b"", by_id, remote) for part in parts]
    html = colours.adapted(quotes.folded("".join(item.html for item in cleaned)))
    return Frame(
        html=html,
        blocked=sum(item.blocked_remote for item in cleaned),
        coloured=colours.has_own(html),
        wide=height.estimate(html, 700),
        narrow=height.estimate(html, 340),
    )


def document(request: HttpRequest, message: Message, account: Account, *, remote: bool) -> HttpResponse:
    """The frame's answer, with the policy that holds for it alone."""
    context = {"frame": frame(message, remote=remote), "theme": account.theme, "subject": message.subject}
    response = HttpResponse(render_to_string("conversation/frame.html", context))
    origin = f"{request.scheme}://{request.get_host()}"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src {origin}/picture/ data:; style-src 'unsafe-inline'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {origin}; sandbox {SANDBOX}"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def picture_url(message_id: int, section: str) -> str:
    """An address under which one part of a message can be seen for a day without signing in."""
    return reverse("picture", args=[_parts.sign_object([message_id, section])])


def remote_url(url: str) -> str:
    """The address of our proxy for a picture of another server."""
    return reverse("remote_picture", args=[_elsewhere.sign_object(url, compress=True)])


def signed_part(token: str) -> tuple[int, str]:
    """The message and section of a `picture_url`. Raises NotFound when it is too old or not ours."""
    message_id, section = _unsigned(_parts, token)
    return message_id, section


def signed_url(token: str) -> str:
    """What a `remote_url` leads to. Raises NotFound when it is too old or not ours."""
    return str(_unsigned(_elsewhere, token))


def _unsigned(signer: signing.TimestampSigner, token: str) -> Any:
    try:
        return signer.unsign_object(token, max_age=_DAY)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound("This picture cannot be shown any more.") from error


def _is_text(part: Part) -> bool:
    return part.type.startswith("text/")


def _clean(message: Message, part: Part, octets: bytes, by_id: dict[str, Part], remote: bool) -> CleanHtml:
    if part.type == "text/html":
        html = charset.decode(octets, part.charset)
        return sanitise(html, remote=remote, cid_url=_cid_url(message.pk, by_id), remote_url=remote_url)
    if part.type.startswith("image/"):
        return CleanHtml(f'<p><img alt="" src="{picture_url(message.pk, part.section)}"></p>', 0)
    return CleanHtml(f'<div class="plain">{text.linked(charset.decode(octets, part.charset))}</div>', 0)


def _cid_url(message_id: int, by_id: dict[str, Part]) -> Callable[[str], str | None]:
    @functools.cache
    def url(content_id: str) -> str | None:
        part = by_id.get(content_id)
        return picture_url(message_id, part.section) if part and part.type.startswith("image/") else None

    return url
