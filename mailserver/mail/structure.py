"""The MIME tree of a message, by offsets into its octets (RFC 2045, 2046, 2183).

Bodies are never split into lines: delimiters are found by substring search, so 100 KB of attachment
cost one pass of memchr and one of base64. Nothing here raises, whatever the octets are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mailserver.mail import charset
from mailserver.mail.encodings import DEFAULT, IDENTITY, decode, decoded_size, encoding_name
from mailserver.mail.headers import Headers, content_type, disposition, message_ids, of_message

MAX_DEPTH = 50
MAX_PARTS = 1000
# Lines that begin like a delimiter and are none; a message with more of them is an attack on the scanner.
_MAX_FALSE_DELIMITERS = 100_000
# Octets of all headers read, and octets searched for delimiters by all multiparts together: at depth 50 each octet
# of a large message would be searched 50 times. Letters stay far below both.
_MAX_HEADERS = 4 * 1024 * 1024
_MAX_SEARCHES = 10
_SMALL = 1024 * 1024
_MAX_TEXT = 1024 * 1024
_MAX_VALUE = 998
OPAQUE = "application/octet-stream"
MESSAGE_TYPES = ("message/rfc822", "message/global", "message/news")


@dataclass(slots=True)
class Part:
    """One node of the tree. `raw[header_start:body_start]` is its header, `raw[body_start:body_end]` its body.

    `section` is the IMAP path (RFC 3501 §6.4.5): `''` for a multipart message as a whole, `1` for the body
    of a simple one. `message` is the root of an enclosed message, `children` the parts of a multipart.
    `lines` counts the line feeds of the body, `decoded_size` its octets without transfer encoding.
    """

    section: str = ""
    type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    encoding: str = DEFAULT
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    content_id: str = ""
    description: str = ""
    header_start: int = 0
    body_start: int = 0
    body_end: int = 0
    lines: int = 0
    decoded_size: int = 0
    children: list[Part] = field(default_factory=list)
    message: Part | None = None

    @property
    def size(self) -> int:
        """Octets of the body as transferred."""
        return self.body_end - self.body_start

    @property
    def charset(self) -> str:
        return self.params.get("charset", "")

    @property
    def name(self) -> str:
        """The file name as its sender wrote it: clean it before it is shown or saved (`names.file_name`)."""
        return self.disposition_params.get("filename") or self.params.get("name", "")

    @property
    def is_multipart(self) -> bool:
        return self.type.startswith("multipart/")


def scan(raw: bytes) -> Part:
    """The tree of a message. Depth, number of parts and header size are bounded; what lies beyond is one
    opaque part. Offsets are relative to `raw`."""
    return _Scanner(raw).entity(0, len(raw), "", 0)


def walk(part: Part) -> Iterator[Part]:
    """The part and everything below it in the order of the octets, enclosed messages included."""
    pending = [part]
    while pending:
        part = pending.pop()
        yield part
        if part.message:
            pending.append(part.message)
        pending.extend(reversed(part.children))


def find(root: Part, section: str) -> Part | None:
    """The part with this IMAP section path, None when there is none.

    An enclosed multipart message has its enclosing part's path; the enclosing part is the one found.
    """
    return next((part for part in walk(root) if part.section == section), None)


def content(raw: bytes, part: Part) -> bytes:
    """The body without its transfer encoding."""
    return decode(raw[part.body_start : part.body_end], part.encoding)


def text(raw: bytes, part: Part, *, limit: int = _MAX_TEXT) -> str:
    """The body as text, at most `limit` octets of it, line ends as LF."""
    # Base64 and quoted-printable at most triple the octets; cutting first bounds the work too.
    body = raw[part.body_start : min(part.body_end, part.body_start + 3 * limit)]
    found = charset.decode(decode(body, part.encoding)[:limit], part.charset)
    return found.replace("\r\n", "\n").replace("\r", "\n") if "\r" in found else found


class _Scanner:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.parts = 0
        self.false_delimiters = 0
        self.headers = 0
        self.to_search = _MAX_SEARCHES * max(len(raw), _SMALL)

    def entity(self, start: int, end: int, section: str, depth: int, default: str = "") -> Part:
        """The part at `raw[start:end]`; without a `default` type it is the root of the message in `section`."""
        part = self._head(start, end, default or "text/plain")
        part.section = section
        if part.is_multipart:
            self._multipart(part, depth)
        if not part.is_multipart:
            if not default:
                part.section = f"{section}.1" if section else "1"
            self._leaf(part, depth)
        return part

    def _head(self, start: int, end: int, default: str) -> Part:
        self.parts += 1
        if self.headers > _MAX_HEADERS:
            return Part(type=OPAQUE, header_start=start, body_start=start, body_end=end)
        headers = Headers(self.raw, start, end) if start or end < len(self.raw) else of_message(self.raw)
        self.headers += headers.end - start
        part = Part(type=default, header_start=start, body_start=headers.end, body_end=end)
        if "content-type" in headers:
            part.type, part.params = content_type(headers.unfolded("content-type"))
        if "content-transfer-encoding" in headers:
            part.encoding = encoding_name(headers.get("content-transfer-encoding"))
        if "content-disposition" in headers:
            part.disposition, part.disposition_params = disposition(headers.unfolded("content-disposition"))
        if "content-id" in headers:
            part.content_id = next(iter(message_ids(headers.get("content-id"))), "")
        part.description = headers.get("content-description")[:_MAX_VALUE]
        return part

    def _multipart(self, part: Part, depth: int) -> None:
        """Fills in the children. Where there are none the part becomes text, so that it can be read."""
        self.to_search -= part.size
        if depth >= MAX_DEPTH or self.parts >= MAX_PARTS or self.to_search < 0:
            part.type = OPAQUE
            return
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        prefix = f"{part.section}." if part.section else ""
        for number, (start, end) in enumerate(self._spans(part), 1):
            section = f"{prefix}{number}"
            if self.parts >= MAX_PARTS - 1:
                rest = Part(section, OPAQUE, header_start=start, body_start=start, body_end=part.body_end)
                self._leaf(rest, depth)
                part.children.append(rest)
                self.parts += 1
                break
            part.children.append(self.entity(start, end, section, depth + 1, default))
        if not part.children:
            part.type = "text/plain"

    def _spans(self, part: Part) -> list[tuple[int, int]]:
        """Start and end of each body part: behind one delimiter line, before the line end of the next."""
        boundary = part.params.get("boundary", "")
        if not boundary:
            return []
        spans: list[tuple[int, int]] = []
        opened = -1
        for line, line_end, closing in self._delimiters(part.body_start, part.body_end, boundary):
            if opened >= 0:
                # the line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1)
                stop = line - 2 if self.raw[line - 2 : line] == b"\r\n" else line - 1
                spans.append((opened, max(opened, stop)))
            opened = -1 if closing else line_end
            if closing or len(spans) >= MAX_PARTS:
                break
        if 0 <= opened < part.body_end:
            spans.append((opened, part.body_end))
        return spans

    def _delimiters(self, start: int, end: int, boundary: str) -> Iterator[tuple[int, int, bool]]:
        """Start of the line, end of the line and whether it closes, of each delimiter line.

        Behind the boundary only white space and what follows it may stand: RFC 2046 asks for less, but
        then the boundary of an inner multipart that begins with the outer one's would count.
        """
        raw, needle = self.raw, b"\n--" + boundary.encode("utf-8", "replace")
        line = start if raw.startswith(needle[1:], start, end) else raw.find(needle, start, end) + 1
        while line > 0 or (line == start and raw.startswith(needle[1:], start, end)):
            tail = line + len(needle) - 1
            closing = raw.startswith(b"--", tail, end)
            tail += 2 * closing
            if tail >= end or raw[tail] in b"\r\n \t":
                line_end = raw.find(b"\n", tail, end) + 1 or end
                yield line, line_end, closing
                tail = line_end - 1
            else:
                self.false_delimiters += 1
                if self.false_delimiters > _MAX_FALSE_DELIMITERS:
                    return
            line = raw.find(needle, tail, end) + 1
            if not line:
                return

    def _leaf(self, part: Part, depth: int) -> None:
        raw, start, end = self.raw, part.body_start, part.body_end
        part.lines = raw.count(b"\n", start, end)
        plain = part.encoding in IDENTITY
        if part.type in MESSAGE_TYPES and plain:
            if depth < MAX_DEPTH and self.parts < MAX_PARTS:
                part.message = self.entity(start, end, part.section, depth + 1)
            else:
                part.type = OPAQUE
        part.decoded_size = end - start if plain else decoded_size(raw[start:end], part.encoding)


_KEYS = (
    ("s", "section"),
    ("t", "type"),
    ("p", "params"),
    ("e", "encoding"),
    ("d", "disposition"),
    ("dp", "disposition_params"),
    ("i", "content_id"),
    ("x", "description"),
    ("l", "lines"),
    ("z", "decoded_size"),
)
_USUAL = [(key, name, getattr(Part(), name)) for key, name in _KEYS]


def to_json(part: Part) -> dict[str, Any]:
    """The tree as a compact JSON value: short keys, what is empty or usual left out."""
    value: dict[str, Any] = {"o": [part.header_start, part.body_start, part.body_end]}
    for key, name, usual in _USUAL:
        found = getattr(part, name)
        if found != usual:
            value[key] = found
    if part.children:
        value["c"] = [to_json(child) for child in part.children]
    if part.message:
        value["m"] = to_json(part.message)
    return value


def from_json(value: dict[str, Any]) -> Part:
    """The tree that `to_json` described."""
    header_start, body_start, body_end = value["o"]
    part = Part(header_start=header_start, body_start=body_start, body_end=body_end)
    for key, name in _KEYS:
        if key in value:
            setattr(part, name, value[key])
    part.children = [from_json(child) for child in value.get("c", ())]
    part.message = from_json(value["m"]) if "m" in value else None
    return part
