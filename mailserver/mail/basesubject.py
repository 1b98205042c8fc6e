"""The base subject of IMAP's SORT and THREAD, to the letter of RFC 5256 §2.1: clients compute the same.

Conversations of the page go by that of mail/threading.py, which knows the marks of other languages too.
"""

from __future__ import annotations

import re

_SPACES = re.compile(r"[ \t\r\n]+")
_BLOB = re.compile(r"\[[^\[\]]*\] *")
_REFWD = re.compile(r" *(?:re|fwd?) *(?:\[[^\[\]]*\] *)?:", re.IGNORECASE)
_TRAILER, _FORWARDED = "(fwd)", "[fwd:"


def base_subject(subject: str) -> tuple[str, bool]:
    """The base subject, and whether a mark of an answer or a forwarded message was taken off. In linear time."""
    text = _SPACES.sub(" ", subject)
    start, end, marked = 0, len(text), False
    while True:
        end, trailed = _without_trailers(text, start, end)
        start, led = _without_leaders(text, start, end)
        marked |= trailed or led
        if end - start <= len(_FORWARDED) or text[end - 1] != "]":
            break
        if text[start : start + len(_FORWARDED)].lower() != _FORWARDED:
            break
        start, end, marked = start + len(_FORWARDED), end - 1, True
    return text[start:end], marked


def _without_trailers(text: str, start: int, end: int) -> tuple[int, bool]:
    """Step 2: where the text ends without blanks and (fwd), and whether there was one."""
    marked = False
    while end > start:
        if text[end - 1] == " ":
            end -= 1
        elif end - start >= len(_TRAILER) and text[end - len(_TRAILER) : end].lower() == _TRAILER:
            end -= len(_TRAILER)
            marked = True
        else:
            break
    return end, marked


def _without_leaders(text: str, start: int, end: int) -> tuple[int, bool]:
    """Steps 3 to 5: where the text begins without `Re:`, and without `[…]` in front of something."""
    marked = False
    while True:
        while start < end and text[start] == " ":
            start += 1
        at = start
        while found := _BLOB.match(text, at, end):
            at = found.end()
            if at < end:
                start = at
        found = _REFWD.match(text, at, end)
        if found is None:
            return start, marked
        start, marked = found.end(), True
