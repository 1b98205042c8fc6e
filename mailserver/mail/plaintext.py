"""Rich text that a person wrote, as plain text: the alternative every HTML message carries (RFC 2046 §5.1.4).

`htmllayout` does this for the tables and columns of strangers; here quotes keep their `> ` and links their address.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LINES = frozenset(
    ["address", "dd", "div", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table", "tr"]
)
_PARAGRAPHS = frozenset(["blockquote", "ol", "p", "pre", "ul"])
_SILENT = frozenset(["head", "script", "style", "template", "title"])
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MANY_LINES = re.compile(r"\n{3,}")


def from_html(html: str) -> str:
    """Lines separated by LF: quotes behind `> `, lists behind `- ` or numbers, links with their address."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.finish()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._depth = 0  # of quotes
        self._gap = (0, 0)  # line ends before the next text, and the quote they belong to
        self._lists: list[int] = []
        self._links: list[tuple[str, int]] = []
        self._silent = 0
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._push()
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self._line)))
        elif tag == "img":
            self._write(values.get("alt") or "")
        elif tag in ("td", "th"):
            self._write(" ")
        elif tag == "li":
            self._item()
        elif tag in _LINES or tag in _PARAGRAPHS:
            self._open(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in _LINES or tag in _PARAGRAPHS or tag == "li":
            self._close(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if not self._verbatim:
            self._write(_SPACES.sub(" ", data))
            return
        first, *rest = data.split("\n")
        self._write(first)
        for line in rest:
            self._push()
            self._line = line

    def finish(self) -> str:
        self._break(0)
        return _MANY_LINES.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def _open(self, tag: str) -> None:
        self._break(2 if tag in _PARAGRAPHS and not self._lists else 1)
        if tag == "blockquote":
            self._depth += 1
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "pre":
            self._verbatim += 1
        elif tag == "hr":
            self._write("-" * 20)

    def _close(self, tag: str) -> None:
        self._break(0)
        if tag == "blockquote":
            self._depth = max(0, self._depth - 1)
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "pre":
            self._verbatim = max(0, self._verbatim - 1)
        self._break(2 if tag in _PARAGRAPHS and not self._lists else 1)

    def _item(self) -> None:
        self._break(1)
        mark = "- "
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            mark = f"{self._lists[-1]}. "
        self._write("  " * max(0, len(self._lists) - 1) + mark, indent=True)

    def _close_link(self, address: str, start: int) -> None:
        shown = self._line[start:].strip()
        plain = address.removeprefix("mailto:")
        if address and shown and plain.rstrip("/") not in (shown, f"https://{shown}", f"http://{shown}"):
            self._line += f" <{plain}>"

    def _write(self, text: str, *, indent: bool = False) -> None:
        if not self._verbatim and not indent and (not self._line or self._line.endswith(" ")):
            text = text.lstrip(" ")
        if text:
            self._fill_gap()
            self._line += text

    def _break(self, ends: int) -> None:
        """End the line if it holds anything; at least so many line ends come before the next text."""
        if self._line.strip():
            self._push()
        self._line = ""
        self._gap = max(self._gap[0], ends), min(self._gap[1], self._depth)

    def _push(self) -> None:
        self._fill_gap()
        self._lines.append(f"{'> ' * self._depth}{self._line}".rstrip())
        self._line = ""
        self._gap = 0, self._depth

    def _fill_gap(self) -> None:
        if self._gap[0] > 1 and self._lines:
            self._lines.append(("> " * min(self._gap[1], self._depth)).rstrip())
        self._gap = 0, self._depth
