"""HTML of strangers made fit to show: an allow-list of elements and attributes, one policy for every URL.

This is the first of three walls; the frame's sandbox and its content security policy are the others. What is
not listed here is gone: scripts, forms, frames, SVG and MathML, style sheets, ids, classes, fixed positions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import nh3

from mailserver.mail import charset, css
from mailserver.mail.htmlbudget import affordable

MAX_HTML = 1024 * 1024
_BLANK_CONTENT = {
    *("script", "style", "title", "template", "noscript", "svg", "math", "iframe", "object", "embed", "applet"),
    *("select", "textarea", "xmp", "noembed", "noframes", "plaintext", "audio", "video", "canvas", "frameset"),
}
_TAGS = {
    *("a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption"),
    *("center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em"),
    *("figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins"),
    *("kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small"),
    *("span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time"),
    *("tr", "tt", "u", "ul", "var", "wbr"),
}
_CELL = {"abbr", "align", "background", "bgcolor", "colspan", "height", "nowrap", "rowspan", "scope", "valign", "width"}
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title"},
    "a": {"href"},
    "col": {"span", "valign", "width"},
    "colgroup": {"span", "valign", "width"},
    "font": {"color", "face", "size"},
    "hr": {"color", "noshade", "size", "width"},
    "img": {"alt", "border", "height", "hspace", "src", "vspace", "width"},
    "li": {"type", "value"},
    "ol": {"reversed", "start", "type"},
    "table": {"background", "bgcolor", "border", "cellpadding", "cellspacing", "height", "summary", "width"},
    "tbody": {"valign"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"background", "bgcolor", "height", "valign"},
    "ul": {"type"},
}
_SCHEMES = {"http", "https", "mailto", "cid", "data"}
_WORDS = frozenset({"title", "alt", "summary", "abbr", "lang"})
_PLAIN_VALUE = re.compile(r"[\w#%.,+ '\"-]{0,200}")
# `width="99999999"` would make a page nobody can read
_LENGTH = re.compile(r"\s*\d{1,4}(?:\.\d{1,3})?\s*(?:%|px)?\s*")
_LENGTHS = frozenset({"width", "height", "border", "cellpadding", "cellspacing", "hspace", "vspace", "span"})
_BODY = re.compile(r"<(/?)body(?=[\s>/])", re.IGNORECASE)
# Browsers drop these around a URL and, the line ends and tabs, inside it too (WHATWG URL §4.4).
_AROUND_URL = "".join(map(chr, range(0x21)))
_INSIDE_URL = re.compile(r"[\t\r\n]")
_SAFE_DATA = re.compile(r"data:image/(?:png|gif|jpe?g|webp|bmp);base64,[A-Za-z0-9+/=\s%]*", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://[^/\\]|mailto:)", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?[/\\]{2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """`html` is safe to put into the frame; `blocked_remote` counts the remote pictures left out."""

    html: str
    blocked_remote: int


def sanitise(
    html: str,
    *,
    remote: bool,
    cid_url: Callable[[str], str | None],
    remote_url: Callable[[str], str] | None = None,
) -> CleanHtml:
    """The HTML with only what is listed here.

    `cid_url` gives the URL of a part by its Content-ID, None when there is none. With `remote` pictures of other
    servers stay, rewritten by `remote_url` when given; else they are left out and counted. At most 1 MB is read.
    """
    policy = _Policy(remote, cid_url, remote_url)
    html = _BODY.sub(r"<\1div", affordable(charset.storable(html[:MAX_HTML])))
    clean = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_BLANK_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=policy.attribute,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return CleanHtml(clean, policy.blocked)


class _Policy:
    def __init__(
        self, remote: bool, cid_url: Callable[[str], str | None], remote_url: Callable[[str], str] | None
    ) -> None:
        self.remote = remote
        self.cid_url = cid_url
        self.remote_url = remote_url
        self.blocked = 0

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """What becomes of an attribute; None takes it away."""
        if name == "style":
            return css.clean(value, self.picture) or None
        if name in ("src", "background"):
            return self.picture(value)
        if name == "href":
            return link(value)
        if name in ("rel", "target") or name in _WORDS:
            return value
        if name in _LENGTHS:
            return value if _LENGTH.fullmatch(value) else None
        return value if _PLAIN_VALUE.fullmatch(value) else None

    def picture(self, value: str) -> str | None:
        """Where a picture is fetched from: our own part, the URL itself, or nowhere."""
        url = _spelled(value)
        if url[:4].lower() == "cid:":
            return self.cid_url(url[4:].strip("<>"))
        if url[:5].lower() == "data:":
            return url if _SAFE_DATA.fullmatch(url) else None
        if not _REMOTE.match(url):
            return None
        if not self.remote:
            self.blocked += 1
            return None
        url = f"https:{url}" if url[0] in "/\\" else url
        return self.remote_url(url) if self.remote_url else url


def link(value: str) -> str | None:
    """The URL if a person may follow it: http, https and mailto only."""
    url = _spelled(value)
    return url if _LINK.match(url) else None


def _spelled(value: str) -> str:
    """The URL as a browser reads it."""
    return _INSIDE_URL.sub("", value.strip(_AROUND_URL))
