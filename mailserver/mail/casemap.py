"""i;unicode-casemap (RFC 5051): what SORT and THREAD of IMAP compare strings by (RFC 5256 §7)."""

from __future__ import annotations

import unicodedata


def casemap(text: str) -> str:
    """Each character in title case, then decomposed: `é` stands behind `e` and before `f`.

    Strings in the order of their code points, which is that of Python, are in the order of their octets as UTF-8.
    """
    return text.upper() if text.isascii() else text.translate(_MAPPED)


class _Mapped(dict[int, str]):
    """What `str.translate` makes of a code point. Looked up once for each."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        # The simple mapping of UnicodeData.txt. Where `title` has several characters (ß) it has none.
        title = character.title()
        self[code] = _decomposed(title if len(title) == 1 else character)
        return self[code]


def _decomposed(character: str) -> str:
    """All the way down, by the field of UnicodeData.txt: in it syllables of Hangul are whole."""
    kind, *codes = unicodedata.decomposition(character).split() or [""]
    if kind and not kind.startswith("<"):
        codes.insert(0, kind)
    return "".join(_decomposed(chr(int(code, 16))) for code in codes) if codes else character


_MAPPED = _Mapped()
