"""About how tall cleaned HTML becomes at a given width.

A frame without scripts and of no origin cannot tell its height, and the page cannot look inside
(docs/decisions, "Mail in frames"). So the server lays the text out roughly: what it guesses too low scrolls in the
frame, what it guesses too high leaves some white.
"""

from __future__ import annotations

import math
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

LINE = 24.0
CHARACTER = 7.0  # the mean of a 15 px sans-serif
LOWEST, HIGHEST = 60, 6000
MAX_NODES = 20_000
MAX_DEPTH = 100  # elements inside each other; what is deeper counts as text

# Margins collapse, so each gap is one margin and not two.
_GAPS = {"p": 15, "ul": 15, "ol": 15, "h1": 20, "h2": 19, "h3": 17, "h4": 16, "blockquote": 15, "hr": 16, "pre": 15}
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p"),
        *("pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    }
)
_SCALE = {"h1": 1.9, "h2": 1.5, "h3": 1.2}
_PIXELS = re.compile(r"(?:^|[;\s])(height|padding|padding-top|padding-bottom)\s*:\s*(\d{1,4})(?:px)?", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(\d{1,4})(?:px)?\s*$")


def estimate(html: str, width: int) -> int:
    """Pixels, between LOWEST and HIGHEST."""
    body = LexborHTMLParser(html).body
    if body is None:
        return LOWEST
    found = _Layout().flow(body, float(width))
    return min(HIGHEST, max(LOWEST, math.ceil(found * 1.07 + 8)))


class _Layout:
    def __init__(self) -> None:
        self.nodes = 0
        self.depth = 0

    def flow(self, node: LexborNode, width: float, scale: float = 1.0) -> float:
        """The height of a block's content: blocks stand below each other, the rest fills lines."""
        if self.depth >= MAX_DEPTH:
            return self._lines(_letters(node), width, scale)
        self.depth += 1
        total, inline, pictures = 0.0, 0, 0.0
        child = node.child
        while child is not None and self.nodes < MAX_NODES:
            self.nodes += 1
            name = child.tag or ""
            if name in _BLOCKS:
                total += self._lines(inline, width, scale) + pictures
                inline, pictures = 0, 0.0
                total += self._block(child, name, width)
            elif name == "br":
                total += max(self._lines(inline, width, scale), LINE * scale if not inline else 0)
                inline = 0
            elif name == "img":
                pictures = max(pictures, _picture(child, width))
            else:
                letters, tallest = self._inline(child, width)
                inline, pictures = inline + letters, max(pictures, tallest)
            child = child.next
        self.depth -= 1
        return total + self._lines(inline, width, scale) + pictures

    def _block(self, node: LexborNode, name: str, width: float) -> float:
        if name == "tr":
            return self._row(node, width)
        if name == "details":  # closed
            return LINE + 16
        inner = width - 24 if name in ("ul", "ol", "blockquote", "dd") else width
        content = self.flow(node, inner, _SCALE.get(name, 1.0))
        return max(content + _GAPS.get(name, 0) + _padding(node), _attribute(node, "height"))

    def _row(self, node: LexborNode, width: float) -> float:
        """The tallest cell; cells without a width share what is left."""
        cells = [cell for cell in _children(node) if cell.tag in ("td", "th")]
        if not cells:
            return 0.0
        given = [min(_attribute(cell, "width"), width) for cell in cells]
        rest = max(width - sum(given), 80.0) / max(1, given.count(0.0))
        heights = [self.flow(cell, own or rest) + _padding(cell) + 2 for cell, own in zip(cells, given, strict=True)]
        return max([*heights, *(_attribute(cell, "height") for cell in cells)])

    def _inline(self, node: LexborNode, width: float) -> tuple[int, float]:
        """Letters and the tallest picture of something that flows in lines; blocks inside count as pictures."""
        if node.tag == "-text" or self.depth >= MAX_DEPTH:
            return _letters(node), 0.0
        self.depth += 1
        letters, tallest = 0, 0.0
        for child in _children(node):
            self.nodes += 1
            if child.tag == "img":
                tallest = max(tallest, _picture(child, width))
            elif child.tag in _BLOCKS:
                tallest += self._block(child, child.tag or "", width)
            elif self.nodes < MAX_NODES:
                more, taller = self._inline(child, width)
                letters, tallest = letters + more, max(tallest, taller)
        self.depth -= 1
        return letters, tallest

    @staticmethod
    def _lines(letters: int, width: float, scale: float) -> float:
        return math.ceil(letters * CHARACTER * scale / max(width, 80.0)) * LINE * scale


def _letters(node: LexborNode) -> int:
    return len(" ".join(node.text().split()))


def _children(node: LexborNode) -> list[LexborNode]:
    found, child = [], node.child
    while child is not None:
        found.append(child)
        child = child.next
    return found


def _picture(node: LexborNode, width: float) -> float:
    """Scaled down to the width; without a height nothing is known, and most such pictures are blocked or small."""
    height, own = _attribute(node, "height"), _attribute(node, "width")
    return height * min(1.0, width / own) if own else height


def _padding(node: LexborNode) -> float:
    total = 0.0
    for name, pixels in _PIXELS.findall(node.attributes.get("style") or ""):
        total += float(pixels) * (2 if name.lower() == "padding" else 1 if name.lower() != "height" else 0)
    return total


def _attribute(node: LexborNode, name: str) -> float:
    found = _NUMBER.match(node.attributes.get(name) or "")
    return float(found[1]) if found else 0.0
