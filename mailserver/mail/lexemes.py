"""What the search index holds of a message, and what is asked of it, as text of PostgreSQL's `tsvector` and `tsquery`.

The database's own parser is not used: it has one language at a time, keeps `-2024` and `/0031` for `INV-2024/0031`, and
takes a Chinese sentence for one word. Both sides are cut into words here, by one function, so that they meet.

Words are runs of letters and digits, folded (mail/searchterms.py). Scripts without spaces become overlapping pairs of
characters. A field's words stand there twice, plain and behind `s:`, `f:` or `t:`. They have weight A, those of the
text none (which is D), so that the text can be searched alone. No word holds a colon, so nothing typed can reach the
lexemes of scope, which keep accounts apart: `a:<account>` and `m:<account>.<yymm>`.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mailserver.mail.query import Query
from mailserver.mail.searchterms import fold

# Raise it when the same message would give other lexemes: the index is then made anew (services/searchindex.py).
VERSION = 2

MAX_WORD = 64
MAX_LEXEMES = 20_000
# A tsvector may have 1 MiB of lexemes and places: each place takes 2 octets, their number and its alignment 3.
_MAX_OCTETS = 1_000_000
_PLACE, _LEXEME = 2, 3
# PostgreSQL keeps no more places of a word. With 16 a letter to thirty people of one domain is not found by the address
# of the last, nor a phrase with "the" on the second page.
_PLACES = 255
# PostgreSQL counts places no further. Words behind are found, phrases are not.
_LAST_PLACE = 16_383
# Words on both sides of the end of a field are no phrase.
_GAP = 10
MAX_FIELD = 64 * 1024
MAX_TEXT = 256 * 1024
# A shorter beginning would be read for every account that has such words.
_MIN_BEGINNING = 3
_MAX_QUERIED = 64

# Vowel signs belong to the word; Python's \w does not know them.
_MARKS = "".join(chr(c) for c in (*range(0x300, 0x1D00), 0x3099, 0x309A) if unicodedata.category(chr(c))[0] == "M")
# Thai, Lao, Myanmar, Khmer; kana and the marks of their voice; Han
_DENSE = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u104f\u1780-\u17d3"
    "\u3005-\u3007\u3041-\u3096\u3099\u309a\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_ASCII_WORD = re.compile("[a-z0-9]+")
_RUN = re.compile(f"[{_DENSE}]+|(?:(?![_{_DENSE}])[\\w{_MARKS}])+")
_IS_DENSE = re.compile(f"[{_DENSE}]")


class Kind(enum.Enum):
    """What one of `words` is."""

    WORD = enum.auto()
    PAIR = enum.auto()
    SINGLE = enum.auto()  # a run of one character
    LAST = enum.auto()  # the last character of a longer run: a single one asked for is found there too


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed of one message; the texts as people read them, `at` its internal date."""

    account_id: int
    at: datetime
    subject: str
    sender: str
    recipients: str
    text: str = ""
    has_attachments: bool = False


def account(account_id: int) -> str:
    """The lexeme that every document of the account holds."""
    return f"a:{account_id}"


def vector(document: Document) -> str:
    """The document as input of `tsvector`: at most 20,000 lexemes and 1 MiB, whatever the texts are. Never raises.

    From each field 65,536 characters are read, from the text 262,144.
    """
    found = _Vector()
    found.put(account(document.account_id))
    found.put(f"m:{document.account_id}.{document.at.astimezone(UTC):%y%m}")
    if document.has_attachments:
        found.put("has:attachment")
    for field, text in (("s:", document.subject), ("f:", document.sender), ("t:", document.recipients)):
        found.add(text[:MAX_FIELD], field)
    found.add(document.text[:MAX_TEXT])
    return found.written()


def condition(query: Query) -> str:
    """The query's terms as input of `tsquery`, all of which must hold; "" when no term holds a letter or digit.

    The last word of a term is also the beginning of a longer one, from three letters on. Terms of several words are
    phrases. At most 64 words are asked for.
    """
    terms = [("", term) for term in query.words]
    terms += [("s:", term) for term in query.subjects]
    terms += [("f:", term) for term in query.senders]
    terms += [("t:", term) for term in query.recipients]
    left, phrases = _MAX_QUERIED, []
    for field, term in terms:
        phrase = _phrase(term, field, left)
        left -= phrase.count("'") // 2
        if phrase:
            phrases.append(f"({phrase})")
    return " & ".join(phrases)


def phrase(text: str, *, body: bool = False) -> str:
    """The words of a text, one behind the other, as `condition` asks for them; `body`: in the text of the message."""
    return _phrase(text, "", _MAX_QUERIED, "D" if body else "")


class _Vector:
    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}
        self._octets = 0
        self._place = 1

    def put(self, lexeme: str, place: int = 0, weight: str = "") -> bool:
        """Adds the lexeme at a place, 0 for nowhere; False when there is no room for another one."""
        places = self._places.get(lexeme)
        if places is None:
            self._octets += len(lexeme.encode()) + _LEXEME
            if self._octets > _MAX_OCTETS or len(self._places) >= MAX_LEXEMES:
                return False
            places = self._places[lexeme] = []
        if 0 < place <= _LAST_PLACE and len(places) < _PLACES and self._octets + _PLACE <= _MAX_OCTETS:
            places.append(f"{place}{weight}")
            self._octets += _PLACE
        return True

    def add(self, text: str, field: str = "") -> None:
        for _, word in words(text):
            weight = "A" if field else ""
            if not self.put(word, self._place, weight):
                return
            if field and not self.put(field + word, self._place, weight):
                return
            self._place += 1
        self._place += _GAP

    def written(self) -> str:
        return " ".join(
            f"'{lexeme}':{','.join(places)}" if places else f"'{lexeme}'" for lexeme, places in self._places.items()
        )


def words(text: str) -> Iterator[tuple[Kind, str]]:
    """The words of a text in their order; each takes one place."""
    folded = fold(text)
    if folded.isascii():
        for word in _ASCII_WORD.findall(folded):
            yield Kind.WORD, word[:MAX_WORD]
        return
    for run in _RUN.findall(folded):
        if not _IS_DENSE.match(run):
            yield Kind.WORD, run[:MAX_WORD]
            continue
        for index in range(len(run) - 1):
            yield Kind.PAIR, run[index : index + 2]
        yield Kind.LAST if len(run) > 1 else Kind.SINGLE, run[-1]


def _phrase(term: str, field: str, most: int, weight: str = "") -> str:
    """The words of one term at the distances they have; "" when there is none."""
    asked = [(place, kind, word) for place, (kind, word) in enumerate(words(term)) if kind is not Kind.LAST][:most]
    phrase, before = "", 0
    for index, (place, kind, word) in enumerate(asked):
        last = index == len(asked) - 1
        begins = kind is Kind.SINGLE or (last and kind is Kind.WORD and len(word) >= _MIN_BEGINNING)
        phrase += f" <{place - before}> " if phrase else ""
        mark = f"{'*' if begins else ''}{weight}"
        phrase += f"'{field}{word}'{':' if mark else ''}{mark}"
        before = place
    return phrase
