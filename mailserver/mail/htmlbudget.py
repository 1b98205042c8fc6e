"""How much HTML a browser's parsing rules can be made to build of a little: cut before it is built.

Measured with nh3 0.3.8: 47 KB of `<p><font color=N></p>` become 26 MB, as the standard opens every unclosed
formatting element again in each paragraph; 1 MB of `<div>` takes 79 s, as each tag walks the open elements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

MAX_TAGS = 25_000
# Elements opened again; each costs about 250 octets while the tree is there.
MAX_REBUILT = 400_000
_SMALL = 150
_SPACE = r"[ \t\n\f\r]"
# The tokenizer of the HTML standard (§13.2.5) as one expression: quotes count only where a value may stand.
_VALUE = r"(?:\"[^\"]*+\"|'[^']*+'|[^ \t\n\f\r>\"'][^ \t\n\f\r>]*+)?+"
_ATTRIBUTE = rf"=?+[^ \t\n\f\r>/=]++(?:{_SPACE}*+={_SPACE}*+{_VALUE})?+"
_TOKEN = re.compile(rf"<!--|<(/?)([A-Za-z][^ \t\n\f\r/>]*+)(?:(?:{_SPACE}|/)++|{_ATTRIBUTE}|=)*+>?|<[!?/][^>]*+>?")
_COMMENT_END = re.compile(r"--!?>")
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
# Behind these an end tag may no longer reach the formatting element in front of them.
_BARRIERS = frozenset({"table", "td", "th", "tr", "tbody", "thead", "tfoot", "caption", "applet", "marquee", "object"})
# Inside these end tags mean something else or nothing.
_WILD = frozenset({"svg", "math", "select", "template", "script", "frameset", "plaintext"})
_RAW = {
    name: re.compile(f"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE)
    for name in ("style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}


def affordable(html: str) -> str:
    """The HTML, cut where it would go beyond MAX_TAGS elements or MAX_REBUILT opened again.

    Counts rather too many than too few: an end tag counts only when it surely closes what it names.
    """
    if html.count("<") <= _SMALL:
        return html
    unclosed: Counter[tuple[str, int]] = Counter()
    formatting, segment, tags, rebuilt, wild = 0, 0, 0, 0, False
    for start, closing, name in _tags(html):
        if name in _BARRIERS:
            segment += 1
        wild = wild or name in _WILD
        if closing:
            if not wild and unclosed[name, segment] > 0:
                unclosed[name, segment] -= 1
                formatting -= 1
            continue
        tags += 1
        if name in _FORMATTING:
            unclosed[name, segment] += 1
            formatting += 1
        else:
            rebuilt += formatting
        if tags > MAX_TAGS or rebuilt > MAX_REBUILT:
            return html[:start]
    return html


def _tags(html: str) -> Iterator[tuple[int, bool, str]]:
    """(offset, whether it closes, lower-case name) of each tag outside comments and raw text."""
    at = 0
    while found := _TOKEN.search(html, at):
        at = found.end()
        if found[0] == "<!--":
            end = _COMMENT_END.search(html, at - 2)
            at = end.end() if end else len(html)
        elif found[2]:
            name = found[2].lower()
            yield found.start(), bool(found[1]), name
            if name in _RAW and not found[1]:
                end = _RAW[name].search(html, at)
                at = end.start() if end else len(html)
