"""Pieces of words in a message's search document (mail/lexemes.py), where nobody wrote the words as they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mailserver.mail.lexemes import Kind, words

# A shorter piece stands in every message.
MIN_PIECE = 3
# As PostgreSQL writes a tsvector. Lexemes with a colon are those of fields and scope.
_LEXEME = re.compile(r"'([^':]+)'(?::([0-9A-D,]+))?(?= |\Z)")
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
    beginning of one; a single one anywhere inside. `body`: in the text of the message."""
    if len(asked) == 1:
        return any(True for _ in _places(vector, lambda word: asked[0] in word, body))
    first, *middle, last = asked
    following = {place + 1 for place in _places(vector, lambda word: word.endswith(first), body)}
    for wanted in middle:
        following &= set(_places(vector, wanted.__eq__, body))
        following = {place + 1 for place in following}
    return not following.isdisjoint(_places(vector, lambda word: word.startswith(last), body))


def _places(vector: str, fits: Callable[[str], bool], body: bool) -> Iterator[int]:
    """Where the words that fit stand, -1 where that is not known."""
    for word, places in _LEXEME.findall(vector):
        if not fits(word):
            continue
        if not places:
            yield -1
        for place in filter(None, places.split(",")):
            if not body or not place.endswith(_HEADER):
                yield int(place.rstrip("ABCD"))
