"""How text is folded before it is searched: one function for what is stored and for what is asked."""

from __future__ import annotations

import unicodedata

# The voiced marks of kana make other letters: か is not が.
_KEPT = "\u3099\u309a"


def fold(text: str) -> str:
    """Case, accents and compatibility forms taken off: `Crêpes №1` becomes `crepes no1`.

    NFKD, casefold, combining marks dropped except the two of kana, NFC so that Hangul is whole again.
    Decomposing comes first because № holds a capital letter.
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", apart.translate(_WITHOUT_MARKS))


class _WithoutMarks(dict[int, int | None]):
    """What `str.translate` makes of a code point: nothing of a combining mark. Looked up once for each."""

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        kept = character in _KEPT or not unicodedata.combining(character)
        self[code] = code if kept else None
        return self[code]


_WITHOUT_MARKS = _WithoutMarks()
