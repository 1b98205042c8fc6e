"""Where the links of an HTML text lead, and where they say they lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

MAX_LINKS = 200
_LONGEST_TEXT = 500
# First the tag, then its attributes: in one expression a tag full of "href=" would take square time.
_LINK = re.compile(r"<a\s([^<>]{0,2000})>", re.IGNORECASE)
_TARGET = re.compile(r"(?:^|\s)href\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_END = re.compile(r"</a\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
# A text that is itself an address of the web: "www.bank.example", "https://bank.example/login".
_NAMED = re.compile(
    r"\s*(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24})(?:[:/?#]\S*)?\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Link:
    """`host` is where a click leads, `named` the host its text names; "" when there is none. Lower case."""

    host: str
    named: str


def find(html: str) -> tuple[Link, ...]:
    """The http(s) links of an HTML text, at most `MAX_LINKS`. Never raises."""
    found: list[Link] = []
    for opening in _LINK.finditer(html):
        target = _TARGET.search(opening[1])
        host = _host(unescape(target[1] or target[2] or "")) if target else ""
        if host:
            found.append(Link(host, _named(html, opening.end())))
        if len(found) == MAX_LINKS:
            break
    return tuple(found)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".").lower() if parts.scheme.lower() in ("http", "https") else ""


def _named(html: str, start: int) -> str:
    end = _END.search(html, start, start + _LONGEST_TEXT)
    if not end:
        return ""
    text = unescape(_TAG.sub("", html[start : end.start()]))
    found = _NAMED.fullmatch(text)
    return found[1].lower() if found else ""
