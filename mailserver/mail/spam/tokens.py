"""The words of a message as numbers, for counting which ones come in spam and which in other mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b

from mailserver.mail.searchterms import fold
from mailserver.mail.spam.letter import Letter

MOST = 400
SHORTEST, LONGEST = 3, 24
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# Scripts without spaces between words: two signs say what a word does.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]")


def tokens(letter: Letter) -> frozenset[int]:
    """At most `MOST` different words and marks, each as a signed 64-bit number; the same for a message always."""
    found: dict[str, None] = {}
    for token in _all(letter):
        found[token] = None
        if len(found) == MOST:
            break
    return frozenset(map(number, found))


def number(token: str) -> int:
    """The number of a word: it fits PostgreSQL's bigint, and does not tell the word."""
    return int.from_bytes(blake2b(token.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _all(letter: Letter) -> Iterator[str]:
    """Marks first, so that a long text does not push them out. A word of the subject is not that word of the text."""
    yield f"from {letter.author}"
    yield f"domain {letter.author_domain}"
    for link in letter.links:
        yield f"link {link.host}"
    for _, kind, _, _ in letter.parsed.attachments:
        yield f"attached {kind}"
    if letter.only_html:
        yield "only html"
    yield from (f"subject {word}" for word in words(letter.parsed.subject))
    yield from words(letter.text)


def words(text: str) -> Iterator[str]:
    """Folded words of `SHORTEST` to `LONGEST` letters, pairs of signs where words are not spaced."""
    for found in _WORD.finditer(fold(text)):
        word = found[0]
        if _UNSPACED.search(word):
            yield from (word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif SHORTEST <= len(word) <= LONGEST:
            yield word
