"""The IMAP BODY and BODYSTRUCTURE of a message (RFC 9051 §7.5.2), from the tree that `structure.scan` gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailserver.mail.envelope import ADDRESS_FIELDS, EMPTY, envelope
from mailserver.mail.headers import Headers
from mailserver.mail.imapstrings import NIL, nstring, quoted
from mailserver.mail.structure import OPAQUE, Part

# Types whose parts have an envelope and a body of their own.
_MESSAGES = ("message/rfc822", "message/global")
# Fields of parts that the tree does not keep: few parts have any, so their headers are not read again.
_RARE = (b"content-description", b"content-md5", b"content-language", b"content-location")
# Octets of address lists read in enclosed messages: thousands of hostile ones would take minutes.
_MAX_LISTS = 64 * 1024


def bodies(raw: bytes, root: Part, headers: Headers) -> tuple[str, str]:
    """BODY and BODYSTRUCTURE; `headers` are those of the root. Never raises."""
    return _Writer(raw).part(root, headers)


class _Writer:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.room = _MAX_LISTS

    def part(self, part: Part, headers: Headers | None) -> tuple[str, str]:
        if headers is None:
            head = self.raw[part.header_start : part.body_start].lower()
            if any(name in head for name in _RARE):
                headers = Headers(self.raw, part.header_start, part.body_start)
        if part.children:
            return self._multipart(part, headers)
        return self._leaf(part, headers)

    def _multipart(self, part: Part, headers: Headers | None) -> tuple[str, str]:
        children = [self.part(child, None) for child in part.children]
        subtype = quoted(part.type.partition("/")[2])
        body = "".join(short for short, _ in children)
        structure = "".join(long for _, long in children)
        return (
            f"({body} {subtype})",
            f"({structure} {subtype} {_parameters(part.params)} {_about(part, headers)})",
        )

    def _leaf(self, part: Part, headers: Headers | None) -> tuple[str, str]:
        kind, params = part.type, part.params
        if kind in _MESSAGES and not part.message:
            # Nothing is known of what is inside: base64 around it, for one.
            kind = OPAQUE
        is_text = kind.startswith("text/")
        if is_text and "charset" not in params:
            params = {**params, "charset": "us-ascii"}
        main, _, sub = kind.partition("/")
        content_id = f"<{part.content_id}>" if part.content_id else ""
        basic = (
            f"{quoted(main)} {quoted(sub)} {_parameters(params)} {nstring(content_id)} "
            f"{_field(headers, 'content-description')} {quoted(part.encoding)} {part.size}"
        )
        rest = f"{_field(headers, 'content-md5')} {_about(part, headers)}"
        if part.message and kind in _MESSAGES:
            inside, short, long = self._message(part.message)
            return (
                f"({basic} {inside} {short} {part.lines})",
                f"({basic} {inside} {long} {part.lines} {rest})",
            )
        if is_text:
            basic += f" {part.lines}"
        return f"({basic})", f"({basic} {rest})"

    def _message(self, root: Part) -> tuple[str, str, str]:
        """Envelope, BODY and BODYSTRUCTURE of an enclosed message."""
        headers = Headers(self.raw, root.header_start, root.body_start)
        self.room -= sum(len(field.value) for field in headers.fields if field.name in ADDRESS_FIELDS)
        inside = envelope(headers) if self.room >= 0 else EMPTY
        return inside, *self.part(root, headers)


def _about(part: Part, headers: Headers | None) -> str:
    """Disposition, languages and location: the end of every part's extension data."""
    disposition = NIL
    if part.disposition:
        disposition = f"({quoted(part.disposition)} {_parameters(part.disposition_params)})"
    language = NIL
    if headers and "content-language" in headers:
        language = _languages([tag.strip() for tag in headers.unfolded("content-language").split(",")])
    return f"{disposition} {language} {_field(headers, 'content-location')}"


def _languages(tags: Sequence[str]) -> str:
    tags = [quoted(tag) for tag in tags if tag]
    if len(tags) < 2:
        return tags[0] if tags else NIL
    return f"({' '.join(tags)})"


def _parameters(parameters: Mapping[str, str]) -> str:
    if not parameters:
        return NIL
    return f"({' '.join(f'{quoted(name)} {quoted(value)}' for name, value in parameters.items())})"


def _field(headers: Headers | None, name: str) -> str:
    return nstring(headers.unfolded(name)) if headers and name in headers else NIL
