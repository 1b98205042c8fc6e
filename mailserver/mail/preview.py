"""The first words of a message, as a list shows them."""

from __future__ import annotations

import re

from mailserver.mail import htmltext

MAX_PREVIEW = 200
# Enough to find 200 characters behind a greeting, a quote or the head of a newsletter.
_MAX_TEXT = 8 * 1024
_MAX_HTML = 48 * 1024
_ENOUGH = 2000
_SIGNATURE = re.compile(r"^-- ?$", re.M)
# "-----Original Message-----" or a rule of underscores in front of copied header lines (Outlook)
_ORIGINAL = re.compile(r"^[ \t]*(?:-{3,}[^\n-]{3,60}-{3,}|_{10,})[ \t]*\n(?=\s*\*?[^\s:]{2,15}\s?:)", re.M)
# "On Monday, Bob wrote:" in front of a quote; where it begins as such lines do it may be folded
_ATTRIBUTION = re.compile(
    r"^(?:(?:On|Am|Le|El|Em|Il|Op|Den|W dniu|Dne|\d)\b[^\n]{1,160}\n(?!>)[^\n]{1,80}|(?!>)[^\n]{1,160})"
    r"[:：][ \t]*\n\s*(?=>)",
    re.M,
)
_ATTRIBUTED = re.compile(r"[:：][ \t]*\n\s*>")
_QUOTED = (">", " >", "\t>")
_RULE = re.compile(r"[-=_*~#·•—–]{4,}")
_ADDRESS = re.compile(r"[<(\[]\s*(?:https?|mailto):[^\s>)\]]{0,500}[>)\]]")
# Newsletters fill the preview of other programs with invisible characters.
_FILLER = re.compile("(?:[\u00ad\u034f\u200b\u200c\u2007\u2060\ufeff][\\s\u00a0]*){2,}")
_BODY = re.compile(r"<body\b", re.I)


def from_text(text: str) -> str:
    """At most 200 characters on one line: no quotes, no signature, no rules; of a mere quote its beginning."""
    text = text[:_MAX_TEXT]
    own = _SIGNATURE.split(text, maxsplit=1)[0] if "\n--" in text else text
    if "---" in own or "___" in own:
        own = _ORIGINAL.split(own, maxsplit=1)[0]
    if ">" in own:
        # An expression that begins with a line is tried at each character.
        if _ATTRIBUTED.search(own):
            own = _ATTRIBUTION.sub("", own)
        own = "\n".join(line for line in own.split("\n") if not line.startswith(_QUOTED))
    return _line(own) or _line(text.replace(">", " "))


def from_html(html: str) -> str:
    """The same of an HTML body."""
    body = _BODY.search(html)
    html = html[body.start() if body else 0 :][:_MAX_HTML]
    return from_text(htmltext.quick(html, enough=_ENOUGH)) or _line(htmltext.quick(html, enough=_ENOUGH, quotes=True))


def _line(text: str) -> str:
    # The beginning does, unless it is mostly blanks.
    begin = " ".join(text[: 2 * _ENOUGH].split())
    text = (begin if len(begin) >= _ENOUGH else " ".join(text.split()))[:_ENOUGH]
    # Most mail has neither, and looking for each at every character took a tenth of reading a message.
    if not text.isascii():
        text = _FILLER.sub(" ", text)
    if ":" in text:
        text = _ADDRESS.sub(" ", text)
    # Nor looked for where it is not shown: of a rule that is cut in two at most three characters stay.
    shown = _without_rules(text[: 2 * MAX_PREVIEW])
    if len(shown) < MAX_PREVIEW + 3 and len(text) > 2 * MAX_PREVIEW:
        shown = _without_rules(text)
    return shown[:MAX_PREVIEW].rstrip()


def _without_rules(text: str) -> str:
    return " ".join(_RULE.sub(" ", text).split())
