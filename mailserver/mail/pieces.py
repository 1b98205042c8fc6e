"""Pieces of words in a message's search document (mail/lexemes.py), for when nobody wrote the words asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailserver.mail.lexemes import Kind, words

# A shorter piece stands in every message.
MIN_PIECE = 3
# A lexeme as PostgreSQL writes it, with its places. Those with a colon are of fields and scope.
_LEXEME = r"'{}'(?::([0-9A-D,]+))?(?= |\Z)"
_REST = "[^':]*"
_HEADER = "A"


def pieces(text: str) -> list[str]:
    """The words that pieces are looked for of; none where the text has characters of scripts without spaces,
    whose pairs are pieces already, or no piece that is long enough."""
    found = list(words(text))
    if any(kind is not Kind.WORD for kind, _ in found) or not any(len(word) >= MIN_PIECE for _, word in found):
        return []
    return [word for _, word in found]


def holds(vector: str, asked: list[str], *, body: bool = False) -> bool:
    """Whether a tsvector has the words one behind the other, the first as the end of a word and the last as the
    beginning of one; a single one anywhere inside. `body`: in the text of the message.

    Words whose place the document does not know are not looked at.
    """
    if len(asked) == 1:
        return any(True for _ in _places(vector, f"{_REST}{asked[0]}{_REST}", body))
    first, *middle, last = asked
    following = {place + 1 for place in _places(vector, f"{_REST}{first}", body)}
    for wanted in middle:
        following &= set(_places(vector, wanted, body))
        following = {place + 1 for place in following}
    return not following.isdisjoint(_places(vector, f"{last}{_REST}", body))


def _places(vector: str, pattern: str, body: bool) -> Iterator[int]:
    """Where the words of this pattern stand. Words are letters and digits: none means anything to a pattern."""
    for found in re.finditer(_LEXEME.format(pattern), vector):
        for place in filter(None, (found[1] or "").split(",")):
            if not body or not place.endswith(_HEADER):
                yield int(place.rstrip("ABCD"))
