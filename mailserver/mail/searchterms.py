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
    kept = "".join(c for c in apart if c.isascii() or c in _KEPT or not unicodedata.combining(c))
    return unicodedata.normalize("NFC", kept)
