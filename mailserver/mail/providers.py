"""Phrases of large receivers and of widespread servers that say more than their status does, or something else.

They come before the tables of `meanings`: Exchange Online answers 5.1.10 for unknown users where RFC 7505 means a null
MX, Gmail 5.2.1 for mailboxes that get mail too quickly, Yahoo 5.7.9 for whatever its policy does not like. Only whole
phrases stand here, so that a status is not overruled by a word that happens to be in a sentence.
"""

from __future__ import annotations

import re

from mailserver.mail.meanings import (
    BAD_CONTENT,
    BLOCKED,
    BUSY,
    DISABLED,
    EXPIRED,
    GREYLISTED,
    LOOP,
    MALWARE,
    NO_DOMAIN,
    NO_MAILBOX,
    NO_NAME,
    NO_ROUTE,
    NOT_ALLOWED,
    NOT_NOW,
    NOT_PROVEN,
    SLOW_DOWN,
    SPAM,
    YOUR_LIMIT,
    Meaning,
)

MEMBERS_ONLY = Meaning(
    "members_only",
    "only certain people may write to this address",
    "Ask the owner of the address to let you write to it, or reach one of its people directly.",
)
NOT_SAFE = Meaning(
    "not_safe",
    "the connection to {domain} was not safe enough to be used",
    "Tell your administrator: their server could not prove who it is, or somebody stands in between.",
    "Your server tries again by itself and waits for a safe connection; your administrator can see why.",
)
MAILBOX_BUSY = Meaning(
    "mailbox_busy",
    "the mailbox gets too much mail at the moment",
    "Send it again later; if it is urgent, reach the person in another way.",
)
NO_FORWARDING = Meaning(
    "no_forwarding",
    "{domain} does not allow mail to be passed on like this",
    "Tell the administrator of the address that passes mail on.",
)

NOBODY_LEFT = Meaning(
    "nobody_left",
    "no recipient was left to give the message to",
    "What the server said of each recipient tells why.",
)

_PHRASES = [
    # Exchange Online, Outlook.com
    (r"resolver\.adr\.(recipient|ex)?notfound|recipient ?not ?found|recipientnotfound", NO_MAILBOX),
    (r"sendernotauthenticatedfor|restricted(to)?recipients?|sender not (allowed|authorized) to send to|"
     r"only (accepts|members)|not a member of|moderat(ed|ion)", MEMBERS_ONLY),
    (r"(message )?receive limit exceeded|receiving (mail|email|messages) (at a rate|too quickly)", MAILBOX_BUSY),
    (r"temporarily rate limited|rate.?limit|exceeded.{0,20}(rate|threshold)", SLOW_DOWN),
    (r"authentication level|authentication (requirements|checks? failed)|isn.t aligned|not aligned", NOT_PROVEN),
    (r"external forwarding|forwarding (is )?(not allowed|disabled)", NO_FORWARDING),
    (r"banned (sender|sending)|traffic not accepted from|not authorized to send (e-?mail|mail) directly", BLOCKED),
    (r"server busy|too busy|resources? temporarily unavailable|system resources|load too high", BUSY),
    (r"hop count exceeded|mail(er)? loop|routing loop|loop detected", LOOP),
    (r"message expired|retry time(out)? (not reached|exceeded)|unable to deliver.{0,30}days", EXPIRED),
    (r"mx records? point to|cannot resolve.{0,20}mx", NO_ROUTE),
    # Gmail
    (r"daily.{0,20}sending (limit|quota)", YOUR_LIMIT),
    (r"potential security issue|executable|dangerous (file|attachment)|infected", MALWARE),
    (r"temporary system problem|technical (problem|difficult)|internal (server )?error|local (error|problem)", NOT_NOW),
    (r"suspicious|phish|likely unsolicited|content rejected|surbl|uribl|looks like spam", SPAM),
    (r"not rfc ?-?\d{4}|rfc ?-?\d{4}.compliant|(missing|multiple|duplicate|invalid|malformed) .{0,30}header|"
     r"line (is )?too long", BAD_CONTENT),
    # Yahoo, iCloud, GMX, T-Online
    (r"user complaints|unexpected volume|deferred due to", SLOW_DOWN),
    (r"dns ptr|helo .{0,30}(rejected|invalid|not)|invalid helo|fully.qualified host", NO_NAME),
    (r"ask your postmaster|spamcop|sorbs|uceprotect|abusix|mailspike|senderscore|cloudmark|ipcheck\.proofpoint|"
     r"client host .{0,60}blocked|poor reputation", BLOCKED),
    (r"(policy|local|security) (reasons|restrictions?|violation)|due to (local )?policy|against (our )?policy",
     NOT_ALLOWED),
    # Exim, Postfix, Mimecast
    (r"unrout(e)?able address|no such (person|address|user|recipient)|user .{0,40}unknown", NO_MAILBOX),
    (r"recipient address rejected: domain not found|host or domain name not found|no such domain", NO_DOMAIN),
    (r"no longer (with|works|employed|valid|exists|available|in use|active|monitored)|account.{0,20}expired", DISABLED),
    (r"first.time|come back later|please retry|not yet whitelisted|postgrey|milter-greylist", GREYLISTED),
    (r"no valid recipients", NOBODY_LEFT),
    # our own client
    (r"mta-sts|\bdane\b|\btlsa\b|certificate|requiretls", NOT_SAFE),
]  # fmt: skip
PHRASES = [(re.compile(words), meaning) for words, meaning in _PHRASES]

# What a phrase must not overrule: words that name the reason more closely than the phrase found.
CLOSER = re.compile(r"gr[ea]y.?list|spamhaus|sender address rejected")
PROOF = re.compile(r"\b(spf|dkim|dmarc)\b")


def phrase(words: str) -> Meaning | None:
    """What the first known phrase in a reply in lower case means."""
    if PROOF.search(words):
        return NOT_PROVEN
    if CLOSER.search(words):
        return None
    return next((meaning for pattern, meaning in PHRASES if pattern.search(words)), None)
