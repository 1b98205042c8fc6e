"""Paragraphs as people type them: the data breaks its lines where a file should, a letter only where it means to."""

from __future__ import annotations

from itertools import pairwise
from unicodedata import east_asian_width, name

# A line at least this wide, in columns, was broken by the file.
_FULL = 58
_STARTS = ("- ", "* ", "> ", *(f"{number}. " for number in range(1, 10)))
_NO_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH")


def flowing(text: str) -> str:
    """The text with the lines of each paragraph joined; short lines, lists and blank lines stay."""
    given = text.strip().split("\n")
    out = given[0]
    for before, line in pairwise(given):
        if line and _width(before) >= _FULL and not line.startswith(_STARTS):
            line = line.strip()
            out += _between(out[-1], line[0]) + line
        else:
            out += "\n" + line
    return out


def _width(line: str) -> int:
    """Columns of a terminal."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in line)


def _between(last: str, first: str) -> str:
    """Chinese and Japanese are written without blanks."""
    return "" if all(name(char, "").startswith(_NO_BLANKS) for char in (last, first)) else " "
