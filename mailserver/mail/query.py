"""What somebody typed into the search field: words, quoted phrases and operators, all of which must hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailserver.mail.searchterms import fold

MAX_TERMS = 20
_TERM = re.compile(r'(?:(?P<operator>from|to|subject|is|has):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))', re.IGNORECASE)
_STATES = {"unread", "starred"}
_THINGS = {"attachment", "attachments"}


@dataclass(frozen=True, slots=True)
class Query:
    """Folded terms (mail/searchterms.py). `words` may stand in the text, the subject, or in any name or address."""

    words: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    unread: bool = False
    starred: bool = False
    attachment: bool = False

    def __bool__(self) -> bool:
        return self != Query()

    @property
    def has_terms(self) -> bool:
        """Is anything asked for besides states?"""
        return bool(self.words or self.senders or self.recipients or self.subjects)


def parse(text: str) -> Query:
    """The query; never raises. An operator it does not know (`is:blue`) is searched as a word."""
    fields: dict[str, list[str]] = {"": [], "from": [], "to": [], "subject": []}
    states: set[str] = set()
    for found in list(_TERM.finditer(text.replace("\0", " ")))[:MAX_TERMS]:
        operator = (found["operator"] or "").casefold()
        value = fold(found["phrase"] if found["phrase"] is not None else found["word"]).strip()
        if (operator == "is" and value in _STATES) or (operator == "has" and value in _THINGS):
            states.add(value)
        elif value:
            known = operator in fields
            fields[operator if known else ""].append(value if known else f"{operator}:{value}")
    return Query(
        words=tuple(fields[""]),
        senders=tuple(fields["from"]),
        recipients=tuple(fields["to"]),
        subjects=tuple(fields["subject"]),
        unread="unread" in states,
        starred="starred" in states,
        attachment=bool(states & _THINGS),
    )
