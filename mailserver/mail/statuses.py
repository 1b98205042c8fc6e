"""Enhanced status codes (RFC 3463, IANA registry) in words: what happened, and what the sender can do."""

from __future__ import annotations

import re

# not part of an address such as 192.5.1.1 or a longer number
_CODE = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?:^|[;:])[ ]*([245])\d\d\b")

_ADDRESS = "Check the spelling of the address, or ask the person for the right one by other means."
_LATER = "Try again later, or reach the person by other means."
_SMALLER = "Send a smaller message, for example with a link instead of the attachment."
_ASK = "Ask the person or the postmaster there to let your mail in; the answer below may say why."

_WORDS = {
    "1.1": ("There is no such address there.", _ADDRESS),
    "1.2": ("There is no such mail domain.", _ADDRESS),
    "1.3": ("The address is not valid there.", _ADDRESS),
    "1.6": ("The person has moved, and there is no new address.", "Ask the person for the new address."),
    "1.8": ("The other server does not accept your sender address.", "Tell your administrator."),
    "1.10": ("This domain takes no mail.", _ADDRESS),
    "2.0": ("The mailbox there does not take messages.", _LATER),
    "2.1": ("The mailbox there is switched off.", _LATER),
    "2.2": ("The mailbox there is full.", "Tell the person by other means, then send it again."),
    "2.3": ("The message is larger than that mailbox takes.", _SMALLER),
    "3.0": ("The other server has a problem.", _LATER),
    "3.1": ("The other server is full.", _LATER),
    "3.2": ("The other server is taking no mail at the moment.", _LATER),
    "3.4": ("The message is larger than the other server takes.", _SMALLER),
    "4.0": ("The other server could not be reached.", _LATER),
    "4.1": ("The other server did not answer.", _LATER),
    "4.2": ("The connection to the other server broke off.", _LATER),
    "4.3": ("The server for this domain could not be looked up.", _LATER),
    "4.4": ("No server for this domain could be found.", _ADDRESS),
    "4.5": ("The other server is too busy.", _LATER),
    "4.6": ("The message went round in a circle.", "Tell the postmaster there: a forwarding rule points back."),
    "4.7": ("The other server did not take the message in time.", _LATER),
    "5.3": ("There were too many recipients.", "Send it to fewer people at once."),
    "6.0": ("The other server does not accept what is in the message.", _ASK),
    "6.7": ("The other server does not support international addresses.", "Use an address in plain letters."),
    "7.0": ("The other server refused the message for its policy.", _ASK),
    "7.1": ("The other server refused the message for its policy.", _ASK),
    "7.10": ("A secure connection was asked for, and the other server offers none.", _ASK),
    "7.26": ("The other server did not believe where the message came from.", "Tell your administrator."),
}
_KINDS = {
    "1": ("The other server does not accept the address.", _ADDRESS),
    "2": ("The mailbox there does not take the message.", _LATER),
    "3": ("The other server cannot take the message.", _LATER),
    "4": ("The message could not be passed on.", _LATER),
    "5": ("The two servers did not understand each other.", "Tell your administrator."),
    "6": ("The other server does not accept what is in the message.", _ASK),
    "7": ("The other server refused the message for its policy.", _ASK),
}
_REFUSED = ("The other server refused the message.", _ASK)
_WAITING = ("The other server could not take the message yet.", _LATER)


def explain(status: str) -> tuple[str, str]:
    """(what happened, what to do) for a status such as `5.1.1`; never empty."""
    found = _CODE.search(status)
    if not found:
        return _REFUSED if status.startswith("5") else _WAITING
    kind, subject, detail = found.groups()
    general = _WAITING if kind == "4" else _REFUSED
    return _WORDS.get(f"{subject}.{detail}") or _KINDS.get(subject) or general


def from_text(text: str) -> str:
    """The first enhanced status in a reply, else one made of its three-digit code; `''` when there is neither."""
    if found := _CODE.search(text):
        return found[0]
    reply = _REPLY.search(text)
    return f"{reply[1]}.0.0" if reply else ""
