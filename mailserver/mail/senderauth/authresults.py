"""The Authentication-Results field (RFC 8601): written for what we checked, read, and taken out when it is forged.

The only one to trust stands in the trace that we put in front of a message. One of the same name inside the message was
written by somebody else, so `without_ours` removes it before the message is stored (RFC 8601 §5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailserver.mail.headers import MAX_BYTES, Headers, of_message, unfold
from mailserver.mail.parameters import without_comments
from mailserver.mail.senderauth.results import Dkim, Verdict

FIELD = "authentication-results"

_NAMED = re.compile(rb"^authentication-results[ \t]*:", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~@-]{1,320}")
# An unclosed one goes on to the end: looking for its end once more from each later quote would take square time.
_QUOTED = r'"(?:[^"\\]|\\.)*(?:"|\Z|\\\Z)'
_QUOTED_PAIR = re.compile(r"\\(.)")
_UNSAFE = re.compile(r"[^ -~]")
_PIECE = re.compile(rf'(?:{_QUOTED}|[^";])+')
_METHOD = re.compile(r"\s*([A-Za-z0-9-]+)(?:\s*/\s*[0-9]+)?\s*=\s*([A-Za-z0-9-]+)")
_PROPERTY = re.compile(rf"\s+([A-Za-z0-9-]+(?:\s*\.\s*[A-Za-z0-9_-]+)?)\s*=\s*({_QUOTED}|[^\s;\"]+)")
_MAX_METHODS = 50
_MAX_TEXT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Method:
    """One result. `properties` by `ptype.property`, such as `header.d`."""

    name: str
    result: str
    properties: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A field that was read. `server` is the authserv-id, whose word it is."""

    server: str
    methods: tuple[Method, ...]


def write(verdict: Verdict, server: str) -> bytes:
    """The field for a verdict, folded, with its CRLF."""
    spf, dmarc = verdict.spf, verdict.dmarc
    dmarc_properties = {"header.from": dmarc.domain, "policy.dmarc": dmarc.policy}
    methods = [
        Method("spf", spf.result, {f"smtp.{spf.identity}": spf.domain}),
        *(_dkim(item) for item in verdict.dkim),
        Method("dmarc", dmarc.result, dmarc_properties),
        Method("iprev", verdict.iprev, {"policy.iprev": verdict.peer}),
    ]
    lines = [f"Authentication-Results: {_value(server)}", *map(_written, methods)]
    return ";\r\n\t".join(lines).encode("ascii") + b"\r\n"


def read(value: str) -> Results:
    """A field's unfolded value, as tolerantly as possible: what cannot be read is left out. Never raises."""
    text = " ".join(without_comments(value[:_MAX_TEXT]).split())
    pieces = _PIECE.findall(text)[: _MAX_METHODS + 1]
    methods = filter(None, map(_method, pieces[1:]))
    return Results(_server(pieces[0]) if pieces else "", tuple(methods))


def in_trace(prefix: bytes) -> Results | None:
    """What our own trace in front of a message says; None when nothing was checked."""
    headers = Headers(prefix)
    return read(headers.unfolded(FIELD)) if FIELD in headers else None


def without_ours(raw: bytes, server: str) -> bytes:
    """The message without the fields that claim to be written by `server`; the very same octets when it has none."""
    end = raw.find(b"\r\n\r\n", 0, MAX_BYTES)
    if not _NAMED.search(raw, 0, end if end >= 0 else MAX_BYTES):
        return raw
    kept, at = [], 0
    for item in of_message(raw).fields:
        if item.name == FIELD and _server(without_comments(unfold(item.value))).casefold() == server.casefold():
            kept.append(raw[at : item.start])
            at = item.end
    return b"".join([*kept, raw[at:]]) if at else raw


def _dkim(item: Dkim) -> Method:
    properties = {
        "header.d": item.domain,
        "header.s": item.selector,
        "header.a": item.algorithm,
        "header.b": item.mark,
    }
    return Method("dkim", item.result, properties, item.reason)


def _written(method: Method) -> str:
    words = [f"{method.name}={method.result}"]
    if method.reason:
        words.append(f"reason={_value(method.reason)}")
    words += [f"{name}={_value(value)}" for name, value in method.properties.items() if value]
    return " ".join(words)


def _value(text: str) -> str:
    """A token, or a quoted string (RFC 2045 §5.1) of printable ASCII."""
    if _TOKEN.fullmatch(text):
        return text
    cleaned = _UNSAFE.sub("?", text)[:320].replace("\\", "\\\\").replace('"', '\\"')
    return f'"{cleaned}"'


def _server(text: str) -> str:
    """The authserv-id, without the version that may follow it."""
    found = re.match(rf"\s*({_QUOTED}|[^\s;]+)", text)
    return _unquoted(found[1]) if found else ""


def _method(text: str) -> Method | None:
    head = _METHOD.match(text)
    if not head:
        return None
    pairs = {re.sub(r"\s", "", name).lower(): _unquoted(value) for name, value in _PROPERTY.findall(text, head.end())}
    reason = pairs.pop("reason", "")
    return Method(head[1].lower(), head[2].lower(), pairs, reason)


def _unquoted(text: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", text[1:].removesuffix('"')) if text[:1] == '"' else text
