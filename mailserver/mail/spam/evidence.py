"""What the checks of the sender and the account's history with the sender add to the score."""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.mail.spam.judgement import Reason

# So many messages kept, and none called spam, make somebody an acquaintance.
ACQUAINTED = 3


@dataclass(frozen=True, slots=True)
class Checks:
    """The results of the sender checks in the words of RFC 8601 §2.7, "" for what was not checked.

    `author` is the domain in From; `proven`: something that passed belongs to it, so From is no forgery.
    """

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    iprev: str = ""
    author: str = ""
    proven: bool = False


# (method, word): (points, sentence). A failed DKIM signature counts like none (RFC 6376 §6.1).
_CHECKED = {
    ("spf", "fail"): (1.5, "The server that sent it may not send for the address it gave (SPF)."),
    ("spf", "softfail"): (1.0, "The server that sent it should not send for the address it gave (SPF)."),
    ("dmarc", "fail"): (1.5, "Nothing shows that it is from the domain it names as its author’s (DMARC)."),
    ("dmarc", "pass"): (-0.5, "It really is from the domain it names as its author’s (DMARC)."),
    ("iprev", "fail"): (0.5, "The server that sent it has a name that is not its own."),
    ("iprev", "permerror"): (0.5, "The server that sent it has no name in the DNS."),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's history with an address or domain: messages called spam, messages kept, whether it wrote to it."""

    spam: int = 0
    ham: int = 0
    written: bool = False


def of_checks(checks: Checks) -> tuple[Reason, ...]:
    """What the words of the sender checks add; words that say nothing add nothing."""
    results = (("spf", checks.spf), ("dmarc", checks.dmarc), ("iprev", checks.iprev))
    return tuple(
        Reason(f"{method}_{word}", *_CHECKED[method, word]) for method, word in results if (method, word) in _CHECKED
    )


def of_standing(address: Standing, domain: Standing, *, proven: bool, answers: bool = False) -> tuple[Reason, ...]:
    """What is known of the author. Good standing counts only when From is `proven`: anybody can write a name there.

    `answers`: the message names one that the account itself wrote, which strangers do not know.
    """
    found = [*_bad(address, domain)]
    if answers:
        found.append(Reason("answer", -2.5, "It answers a message of yours."))
    if proven and address.written:
        found.append(Reason("written_to", -3.0, "You have written to this sender before."))
    elif proven and not found and address.ham >= ACQUAINTED and not address.spam:
        found.append(Reason("acquainted", -1.5, "You have kept mail of this sender before."))
    return tuple(found)


def _bad(address: Standing, domain: Standing) -> tuple[Reason, ...]:
    if address.spam and address.spam >= address.ham:
        return (Reason("sender_spam", 3.0, "You have called mail of this sender spam."),)
    if domain.spam >= ACQUAINTED and domain.spam > domain.ham:
        return (Reason("domain_spam", 2.0, "You have called mail from this sender’s domain spam."),)
    return ()
