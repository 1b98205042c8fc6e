"""What a reply of another mail server means, in plain words, and what its reader can do about it.

Servers say why in three ways of falling precision: the enhanced status (RFC 3463, the register of RFC 5248),
the words, and the code (RFC 5321 §4.2.2). A phrase known from large receivers wins (`providers`), then a precise
status; where the status is one that servers use for
everything (5.7.1, 5.0.0) the words decide; the code is the last resort.
The words of the other side only choose among our own sentences; they are never repeated in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailserver.mail.meanings import (
    BY_CODE,
    BY_STATUS,
    BY_SUBJECT,
    BY_WORDS,
    NO_MAILBOX,
    REFUSED,
    UNSURE,
    VAGUE,
    WAIT,
    Meaning,
)
from mailserver.mail.providers import phrase

# Our own word about a recipient whom no try concerned: its destination is paused, or nobody came to it.
UNTRIED = "Not tried until now"
_UNTRIED = Meaning("untried", "your server has not called {domain} yet", "Send it again later.")

_REPLY = re.compile(r"\s*([2-5]\d\d)(?:[ -]+|\Z)(?:([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z))?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Explanation:
    """`kind` is a stable name such as `no_mailbox`; `final` says that nothing will be tried again.

    `headline` names the recipient: "Couldn’t deliver to bob@hamburger.edu: the mailbox does not exist."
    `reason` is the same as a sentence of its own: "The mailbox does not exist." `advice` is what to do now.
    """

    kind: str
    headline: str
    reason: str
    advice: str
    final: bool


def reply(said: str, recipient: str = "") -> Explanation:
    """Explains a whole reply as it was said: `550 5.1.1 No such user here`. Text without a code is temporary."""
    found = _REPLY.match(said)
    if not found:
        return explain(0, "", said, recipient)
    return explain(int(found[1]), found[2] or "", found[3], recipient)


def explain(
    code: int | None, enhanced: str, text: str, recipient: str = "", *, final: bool | None = None
) -> Explanation:
    """Explains a result. `code` is 0 or None when no server replied: `enhanced` and `text` are then our own.

    `final`: whether delivery has ended; None: as the reply itself says (5xx or 5.x.x has, the rest not).
    """
    refused = enhanced.startswith("5") if not code else code >= 500
    if final is None:
        final = refused
    meaning = _meaning(code or 0, enhanced, text.lower(), refused)
    if meaning is NO_MAILBOX and not refused:
        meaning = UNSURE  # a server that checks addresses first answers 450 4.1.1 meanwhile
    domain = recipient.rpartition("@")[2] or "the server"
    phrase = meaning.phrase.format(domain=domain)
    start = f"Couldn’t deliver to {recipient}" if final else f"Not delivered to {recipient} yet"
    headline = f"{start}: {phrase}." if recipient else _sentence(phrase)
    if not final:
        advice = meaning.meanwhile
    elif refused:
        advice = meaning.advice
    else:
        advice = f"Your server tried again and again without success. {meaning.advice}"
    return Explanation(meaning.kind, headline, _sentence(phrase), advice.format(domain=domain), final)


def _meaning(code: int, enhanced: str, words: str, refused: bool) -> Meaning:
    if not code and words == UNTRIED.lower():
        return _UNTRIED
    if code and (said := phrase(words)):
        return said
    status = enhanced.partition(".")[2]
    precise = BY_STATUS.get(status)
    if precise and enhanced not in VAGUE:
        return precise
    for pattern, meaning in BY_WORDS:
        if pattern.search(words):
            return meaning
    fallback = precise or BY_CODE.get(code) or BY_SUBJECT.get(status.partition(".")[0])
    return fallback or (REFUSED if refused else WAIT)


def _sentence(phrase: str) -> str:
    """A domain at the start keeps its small letter: `hamburger.edu takes no mail`."""
    first = phrase.split(" ", 1)[0]
    return f"{phrase if '.' in first else phrase[:1].upper() + phrase[1:]}."
