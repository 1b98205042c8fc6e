"""Plain text of HTML laid out in lines: for replies and for the text alternative of what is written here."""

from __future__ import annotations

import re

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml.etree import LxmlError

from mailserver.mail import charset, htmltext

# What XML, and so lxml, does not take in text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BLANK_LINES = re.compile(r"\n{3,}")
_LAYOUT = ParserConfig(css=CSS_PROFILES["relaxed"], display_links=False)


def to_text(html: str) -> str:
    """The text with paragraphs, lists and tables set out in lines, at most 512 KB of HTML read. Never raises."""
    html = _CONTROLS.sub("", charset.storable(html[: htmltext.MAX_HTML]))
    try:
        text = str(get_text(html, _LAYOUT))
    except (LxmlError, ValueError, RecursionError, IndexError, TypeError):
        text = ""
    # broken or nested beyond what the layout engine reads: the words still come through
    text = text if text.strip() else htmltext.quick(html, quotes=True)
    lines = [line.rstrip() for line in text.split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
