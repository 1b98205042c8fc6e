"""The rules: what mail programs do not do and senders of spam do. Few, each with its points and a sentence for people.

None of them makes a message spam alone: at the usual threshold of 5 at least two have to hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from mailserver.mail.addresslists import parse_list
from mailserver.mail.senderauth.dmarc import organisational
from mailserver.mail.spam.judgement import Reason
from mailserver.mail.spam.letter import Letter

# RFC 5321 §4.5.4.1: a message waits for four or five days at one server; several may be on its way.
OLDEST = timedelta(days=15)
# Clocks are wrong by an hour, time zones by a day at most.
FARTHEST_AHEAD = timedelta(days=1)
FEWEST_CAPITALS = 10
FEWEST_MONEY_WORDS = 2

_MONEY = re.compile(
    r"\b(?:inheritance|next of kin|beneficiary|lottery|jackpot|bank transfer|wire transfer|western union|moneygram"
    r"|bitcoin|million (?:us )?(?:dollars|euros?|pounds)|usd|atm card|compensation|donation|unclaimed"
    r"|investment|loan offer|héritage|loterie|erbschaft|lotterie|herencia|lotería)\b",
    re.IGNORECASE,
)
_PROGRAMS = re.compile(
    r"\.(?:exe|scr|com|pif|bat|cmd|vbs|vbe|js|jse|wsf|hta|lnk|msi|jar|ps1|cpl|iso|img)$", re.IGNORECASE
)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """`points` when `holds`; `sentence` begins with a capital and ends with a full stop."""

    name: str
    points: float
    sentence: str
    holds: Callable[[Letter], bool]


def reasons(letter: Letter) -> tuple[Reason, ...]:
    """The rules that hold, in the order of the table. Never raises."""
    return tuple(Reason(rule.name, rule.points, rule.sentence) for rule in RULES if rule.holds(letter))


def _date_ahead(letter: Letter) -> bool:
    date = letter.parsed.date
    return date is not None and date - letter.passage.at > FARTHEST_AHEAD


def _date_old(letter: Letter) -> bool:
    date = letter.parsed.date
    return date is not None and letter.passage.at - date > OLDEST


def _shouts(letter: Letter) -> bool:
    if not letter.parsed.subject.isupper():
        return False
    letters = [char for char in letter.parsed.subject if char.isupper() or char.islower()]
    return len(letters) >= FEWEST_CAPITALS and all(char.isupper() for char in letters)


def _says_it_is_us(letter: Letter) -> bool:
    passage = letter.passage
    return passage.stranger and bool(passage.here) and passage.helo.lower() == passage.here.lower()


def _name_holds_address(letter: Letter) -> bool:
    sender = letter.parsed.sender
    named = _ADDRESS.search(sender.name) if sender else None
    return named is not None and _elsewhere(named[1], letter.author_domain)


def _links_lie(letter: Letter) -> bool:
    return letter.only_html and any(link.named and _elsewhere(link.named, link.host) for link in letter.links)


def _answers_go_elsewhere_for_money(letter: Letter) -> bool:
    replies = letter.parsed.reply_to
    domain = replies[0].address.rpartition("@")[2] if replies else ""
    if not domain or not letter.author_domain or not _elsewhere(domain, letter.author_domain):
        return False
    words = {found.lower() for found in _MONEY.findall(f"{letter.parsed.subject}\n{letter.text}")}
    return len(words) >= FEWEST_MONEY_WORDS


def _elsewhere(one: str, other: str) -> bool:
    """Whether two hosts or domains belong to different owners."""
    return organisational(one.lower()) != organisational(other.lower())


RULES = (
    Rule("no_date", 1.0, "It does not say when it was written.", lambda letter: "date" not in letter.headers),
    Rule(
        "no_message_id",
        1.0,
        "It has no number of its own (Message-ID), which every mail program writes.",
        lambda letter: "message-id" not in letter.headers,
    ),
    Rule(
        "no_author",
        1.5,
        "It does not say who wrote it.",
        lambda letter: not parse_list(letter.headers.unfolded("from")),
    ),
    Rule(
        "no_recipient",
        0.5,
        "It does not say for whom it is.",
        lambda letter: not (letter.parsed.to or letter.parsed.cc),
    ),
    Rule("date_ahead", 2.0, "It says that it was written in the future.", _date_ahead),
    Rule("date_old", 1.0, "It says that it was written weeks before it came.", _date_old),
    Rule("shouting", 1.0, "Its subject is all in capitals.", _shouts),
    Rule("helo_is_ours", 3.0, "The server that sent it used our own name.", _says_it_is_us),
    Rule(
        "forged_passage",
        2.5,
        "It says that our server passed it on before, which is not so.",
        lambda letter: letter.passage.forged,
    ),
    Rule("name_is_address", 2.5, "The sender’s name is an address, and not the one it came from.", _name_holds_address),
    Rule("link_elsewhere", 2.5, "A link in it leads to another place than its text says.", _links_lie),
    Rule(
        "answers_elsewhere",
        2.5,
        "It is about money, and answers would go to somebody else than who sent it.",
        _answers_go_elsewhere_for_money,
    ),
    Rule(
        "program",
        3.0,
        "A program that could harm a computer is attached.",
        lambda letter: any(_PROGRAMS.search(name) for name, _, _, _ in letter.parsed.attachments),
    ),
)
