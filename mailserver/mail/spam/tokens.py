"""The words of a message as numbers, for counting which ones come in spam and which in other mail."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from mailserver.mail import lexemes
from mailserver.mail.lexemes import Kind
from mailserver.mail.spam.letter import Letter

MOST = 400
SHORTEST, LONGEST = 3, 24


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
    """The words of the search index (`lexemes`) of `SHORTEST` to `LONGEST` letters, and its pairs of characters."""
    for kind, word in lexemes.words(text):
        if kind is Kind.WORD and not SHORTEST <= len(word) <= LONGEST:
            continue
        # The last character of a run is in the pair before it.
        if kind is not Kind.LAST:
            yield word
