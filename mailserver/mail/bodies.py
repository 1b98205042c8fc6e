"""Which parts of a message are read, and which are attached (RFC 8621 §4.1.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailserver.mail.structure import Part, walk

_MEDIA = ("image/", "audio/", "video/")
# Parts that programs read: their content is shown in other ways.
_TECHNICAL = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
        "message/global-headers",
    }
)


@dataclass(slots=True)
class Bodies:
    """`plain` and `html`: parts to show one after the other in a reader of text or of HTML; each may hold parts of the
    other kind where there is no choice, and images. `attachments`: what a person would call attached."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)


def select(root: Part) -> Bodies:
    """The bodies and attachments of a message; enclosed messages are attachments."""
    found = Bodies()
    _collect([root], "mixed", False, found.plain, found.html, found.attachments)
    return found


def by_content_id(root: Part) -> dict[str, Part]:
    """Parts that HTML may show by `cid:` (RFC 2392)."""
    return {part.content_id: part for part in walk(root) if part.content_id}


def invitation(root: Part) -> Part | None:
    """The first calendar part, in an alternative or attached."""
    return next((part for part in walk(root) if part.type in ("text/calendar", "application/ics")), None)


_Kept = list[Part] | None


def _collect(parts: list[Part], kind: str, choice: bool, plain: _Kept, html: _Kept, attached: list[Part]) -> None:
    """`parseStructure` of RFC 8621 §4.1.4; `choice` tells that a multipart/alternative is around."""
    before = len(plain or ()), len(html or ())
    for number, part in enumerate(parts):
        if part.is_multipart:
            inner = part.type.partition("/")[2]
            _collect(part.children, inner, choice or inner == "alternative", plain, html, attached)
        elif _is_inline(part, number, kind):
            plain, html = _show(part, kind, choice, plain, html, attached)
        elif not _is_hidden(part, kind):
            attached.append(part)
    if kind == "alternative" and plain is not None and html is not None:
        if len(plain) == before[0]:
            plain.extend(html[before[1] :])
        elif len(html) == before[1]:
            html.extend(plain[before[0] :])


def _show(part: Part, kind: str, choice: bool, plain: _Kept, html: _Kept, attached: list[Part]) -> tuple[_Kept, _Kept]:
    """Puts an inline part where it is read; the bodies that later parts of this level go to."""
    media = part.type.startswith(_MEDIA)
    if kind == "alternative" and not media:
        chosen = plain if part.type == "text/plain" else html
        if chosen is not None:
            chosen.append(part)
        return plain, html
    if choice and part.type == "text/plain":
        html = None
    elif choice and part.type == "text/html":
        plain = None
    for body in (plain, html):
        if body is not None:
            body.append(part)
    if media and not _is_hidden(part, kind):
        attached.append(part)
    return plain, html


def _is_inline(part: Part, number: int, kind: str) -> bool:
    media = part.type.startswith(_MEDIA)
    if part.disposition == "attachment" or not (media or part.type in ("text/plain", "text/html")):
        return False
    return number == 0 or (kind != "related" and (media or not part.name))


def _is_hidden(part: Part, kind: str) -> bool:
    """Parts no one would call attached: pictures of an HTML body, signatures, machine-readable reports."""
    if part.type in _TECHNICAL:
        return True
    if part.disposition == "attachment":
        return False
    return (kind == "related" and bool(part.content_id)) or (kind == "alternative" and part.type == "text/calendar")
