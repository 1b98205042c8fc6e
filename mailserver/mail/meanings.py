"""The tables behind `explain`: which status, words or code means what."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATIENCE = "Your server keeps trying by itself; you need not do anything."
_ANOTHER_WAY = "Reach the person in another way."
_ADMINISTRATOR = "Tell your administrator and show them the raw reply."


@dataclass(frozen=True, slots=True)
class Meaning:
    """`phrase` completes "Couldn’t deliver to …: "; `{domain}` in it is the recipient's domain.

    `advice` holds once delivery has ended, `meanwhile` as long as it is still tried.
    """

    kind: str
    phrase: str
    advice: str
    meanwhile: str = _PATIENCE


NO_MAILBOX = Meaning(
    "no_mailbox",
    "the mailbox does not exist",
    "Check the address for a typing mistake; if it is right, ask the person for a new one.",
)
NO_DOMAIN = Meaning(
    "no_domain", "the domain {domain} does not exist", "Check the part after the @ for a typing mistake."
)
TAKES_NO_MAIL = Meaning(
    "takes_no_mail", "{domain} takes no mail at all", "Ask the person for an address somewhere else."
)
UNSURE = Meaning(
    "unsure",
    "{domain} is not sure yet that the mailbox exists",
    "Check the address for a typing mistake; if it is right, reach the person in another way.",
)
BAD_ADDRESS = Meaning(
    "bad_address", "{domain} cannot read the address", "Check the address for a typing mistake and send again."
)
MOVED = Meaning("moved", "the mailbox has moved", "Ask the person for the new address.")
BAD_SENDER = Meaning(
    "bad_sender",
    "{domain} does not accept your address as sender",
    "Tell your administrator: the domain of your address may not be set up completely.",
)
NOT_YOURS = Meaning(
    "not_yours",
    "you may not send from this address",
    "Choose one of your own addresses as sender, or ask your administrator for this one.",
)
FAILING = Meaning(
    "failing",
    "mail to this address came back before, so your server did not try again",
    "Is the address right after all? Take it off the list under Your account, Failing addresses, and send it again.",
)
DISABLED = Meaning("disabled", "the mailbox is switched off", _ANOTHER_WAY)
FULL = Meaning(
    "full",
    "the mailbox is full",
    "Tell the person in another way, and send again when there is room.",
    "Your server keeps trying by itself; it helps to tell the person in another way.",
)
TOO_LARGE = Meaning(
    "too_large",
    "the message is too large",
    "Send it in smaller parts, or a link instead of the attachments.",
)
SYSTEM_FULL = Meaning("system_full", "{domain} has no room for mail at the moment", "Send it again later.")
NOT_NOW = Meaning("not_now", "{domain} takes no mail at the moment", "Send it again later.")
NO_ANSWER = Meaning(
    "no_answer",
    "no mail server of {domain} answers",
    "Check the part after the @; if it is right, send again later or reach the person in another way.",
)
BROKEN = Meaning("broken", "the connection to {domain} broke off", "Send it again later.")
SILENT = Meaning("silent", "{domain} fell silent in the middle of the conversation", "Send it again later.")
IN_DOUBT = Meaning(
    "in_doubt",
    "the message was sent, but {domain} did not confirm it",
    "It may have arrived all the same; ask the person before you send it again.",
    "It may have arrived. Your server sends it again to be sure, so it can come twice.",
)
NO_DIRECTORY = Meaning(
    "no_directory",
    "the directory of the Internet (DNS) cannot say where mail for {domain} goes",
    "Check the part after the @; if it is right, send again later.",
)
NO_ROUTE = Meaning(
    "no_route",
    "{domain} has no mail server that can be reached",
    "Check the part after the @ for a typing mistake; if it is right, reach the person in another way.",
)
BUSY = Meaning("busy", "{domain} has too much to do at the moment", "Send it again later.")
SLOW_DOWN = Meaning(
    "slow_down",
    "{domain} asks for mail to come more slowly",
    "Send it again later; if that fails too, tell your administrator.",
)
YOUR_LIMIT = Meaning(
    "your_limit",
    "you have sent as much as a day allows",
    "Send it tomorrow, or ask your administrator for a higher limit.",
    "Send it tomorrow, or ask your administrator for a higher limit.",
)
YOUR_HOUR = Meaning(
    "your_hour",
    "you have sent as much as an hour allows",
    "Send it in an hour, or ask your administrator for a higher limit.",
    "Send it in an hour, or ask your administrator for a higher limit.",
)
DRAFT_GONE = Meaning(
    "draft_gone",
    "this draft was sent or changed already",
    "Look in Sent; if it is not there, open the draft again and send it.",
)
LOOP = Meaning(
    "loop",
    "the message goes round in a circle between servers",
    "Tell your administrator: a forwarding is set up wrongly, here or at {domain}.",
)
EXPIRED = Meaning(
    "expired",
    "{domain} could not be reached for days",
    "Check the part after the @; if it is right, reach the person in another way.",
)
MISUNDERSTOOD = Meaning("misunderstood", "the two servers did not understand each other", _ADMINISTRATOR)
TOO_MANY = Meaning("too_many", "there are too many recipients", "Send the message to fewer people at a time.")
BAD_CONTENT = Meaning(
    "bad_content",
    "{domain} cannot take a message of this kind",
    "Try it without attachments, or send them in another format.",
)
PLAIN_LETTERS = Meaning(
    "plain_letters",
    "the server of {domain} cannot handle addresses with letters beyond A to Z",
    "Ask the person for an address in plain letters.",
)
NOT_ALLOWED = Meaning(
    "not_allowed",
    "the rules of {domain} do not allow this message",
    f"{_ADMINISTRATOR} Until then reach the person in another way.",
)
GREYLISTED = Meaning(
    "greylisted",
    "{domain} does not know us yet and asks to come back later",
    "Send it again.",
    "This is normal for a first message to a careful server. Your server tries again by itself; "
    "you need not do anything.",
)
BLOCKED = Meaning(
    "blocked",
    "{domain} takes no mail from our server",
    "Tell your administrator: the address of our server may be on a block list.",
)
NO_NAME = Meaning(
    "no_name",
    "{domain} found no proper name for our server in the DNS",
    "Tell your administrator: the reverse DNS entry of our server is missing or wrong.",
)
NOT_PROVEN = Meaning(
    "not_proven",
    "{domain} could not verify that the message comes from your domain",
    "Tell your administrator to check SPF, DKIM and DMARC of your domain.",
)
SPAM = Meaning(
    "spam",
    "{domain} takes the message for spam",
    "Write it in other words, with fewer links and no attachments, or reach the person in another way.",
)
MALWARE = Meaning(
    "malware",
    "{domain} takes an attachment for harmful",
    "Send it without the attachment, or in another format.",
)
NOT_THEIRS = Meaning(
    "not_theirs",
    "the server that was asked is not responsible for {domain}",
    "Check the part after the @; if it is right, tell the administrator of {domain}.",
)
ENCRYPTED_ONLY = Meaning("encrypted_only", "{domain} takes encrypted mail only, and encrypting failed", _ADMINISTRATOR)
SIGN_IN = Meaning("sign_in", "the server wants you to sign in first", "Check the sign-in of your mail program.")
UNPROTECTED = Meaning(
    "unprotected", "the way to {domain} could not be protected as it has to be", f"{_ADMINISTRATOR} {_ANOTHER_WAY}"
)
NO_PROMISE = Meaning(
    "no_promise",
    "the server of {domain} cannot promise to keep the message encrypted all the way, as you asked",
    f"{_ANOTHER_WAY} Or send it again without asking for that.",
)
SMART_HOST = Meaning("smart_host", "your server is not let in where it hands its mail over", _ADMINISTRATOR)
WAIT = Meaning("wait", "{domain} asks to come back later", "Send it again later.")
REFUSED = Meaning("refused", "{domain} refused the message", f"{_ADMINISTRATOR} Or reach the person in another way.")

# Statuses without their class (RFC 3463 §3, RFC 5248 §2.4, RFC 7372, RFC 7505).
BY_STATUS = {
    "1.1": NO_MAILBOX,
    "1.2": NO_DOMAIN,
    "1.3": BAD_ADDRESS,
    "1.6": MOVED,
    "1.7": BAD_SENDER,
    "1.8": BAD_SENDER,
    "1.10": TAKES_NO_MAIL,
    "2.1": DISABLED,
    "2.2": FULL,
    "2.3": TOO_LARGE,
    "3.1": SYSTEM_FULL,
    "3.2": NOT_NOW,
    "3.4": TOO_LARGE,
    "4.1": NO_ANSWER,
    "4.2": BROKEN,
    "4.3": NO_DIRECTORY,
    "4.4": NO_ROUTE,
    "4.5": BUSY,
    "4.6": LOOP,
    "4.7": EXPIRED,
    "5.3": TOO_MANY,
    "6.7": PLAIN_LETTERS,
    "6.8": PLAIN_LETTERS,
    "6.9": PLAIN_LETTERS,
    "7.4": UNPROTECTED,
    "7.5": UNPROTECTED,
    "1.9": BAD_ADDRESS,
    "3.3": BAD_CONTENT,
    "7.8": SIGN_IN,
    "7.10": ENCRYPTED_ONLY,
    "7.13": DISABLED,
    "7.15": BUSY,
    "7.16": TOO_LARGE,
    "7.17": MOVED,
    "7.18": MOVED,
    "7.20": NOT_PROVEN,
    "7.21": NOT_PROVEN,
    "7.22": NOT_PROVEN,
    "7.23": NOT_PROVEN,
    "7.24": NOT_PROVEN,
    "7.25": NO_NAME,
    "7.26": NOT_PROVEN,
    "7.27": BAD_SENDER,
    "7.28": SLOW_DOWN,
    "7.30": NO_PROMISE,
}

# Precise in the RFC, but large receivers use them otherwise, so the words come first: Exchange Online answers 5.4.1
# "Recipient address rejected" for unknown users, Gmail 4.2.1 for users who get mail too quickly, and our own client
# says 4.4.2 both when a connection broke and when it broke at the one moment that matters.
VAGUE = {"5.4.1", "4.2.1", "4.4.2"}

_WORDS = [
    (r"on your list of failing addresses", FAILING),
    (r"may have arrived", IN_DOUBT),
    (r"^the smart host ", SMART_HOST),
    (r"^no answer to .* within .* seconds", SILENT),
    (r"gr[ea]y.?list|try again (in|after) \d+ (second|minute)", GREYLISTED),
    (r"not an address of yours|not owned by user|sender address rejected: not logged in", NOT_YOURS),
    (r"draft was sent or changed", DRAFT_GONE),
    (r"as much as a day allows", YOUR_LIMIT),
    (r"as much as an hour allows", YOUR_HOUR),
    (r"sign in first|authentication (is )?required|not logged in", SIGN_IN),
    (r"start ?tls|must be encrypted|(tls|encryption) (is )?(required|needed)", ENCRYPTED_ONLY),
    (r"\b(spf|dkim|dmarc)\b|unauthenticated|not authenticated", NOT_PROVEN),
    (r"reverse dns|\bptr\b|cannot find your (reverse )?hostname|rdns", NO_NAME),
    (r"virus|malware|attachment.{0,40}(not allowed|blocked|rejected)", MALWARE),
    (r"spamhaus|barracuda|\b[rd]nsbl\b|\brbl\b|(block|black|deny).?list|listed (at|in|on|by)|reputation", BLOCKED),
    (r"spam|junk|unsolicited|bulk mail", SPAM),
    (r"sender.{0,40}(rejected|denied|refused|does not exist|not found|verif)", BAD_SENDER),
    (r"relay(ing)?\b|not (a )?local|we do not (serve|host)", NOT_THEIRS),
    (r"quota|mailbox.{0,20}full|full mailbox|over ?quota|out of storage|exceeded storage", FULL),
    (r"(message|mail|size).{0,30}(too (large|big)|exceed|limit)|too (large|big)", TOO_LARGE),
    (r"(mailbox|account|user).{0,30}(disabled|inactive|suspended|locked|closed)", DISABLED),
    (
        r"(no such|unknown|invalid|non.?existent) (user|recipient|mailbox|address|account|person)"
        r"|(user|recipient|mailbox|address|account)( \S+)? (is )?(unknown|invalid|unavailable|not found|not known"
        r"|does not exist|doesn.t exist|rejected)|no mailbox|nobody (here )?(by|of) that name|not our customer",
        NO_MAILBOX,
    ),
    (r"too many recipients", TOO_MANY),
    (r"too (many|quickly|fast|much)|\brate\b|throttl|slow down|temporarily deferred", SLOW_DOWN),
    (r"blocked|banned|not welcome|access denied", BLOCKED),
]
BY_WORDS = [(re.compile(words), meaning) for words, meaning in _WORDS]

# RFC 5321 §4.2.3, RFC 7504, RFC 4954 §6.
BY_CODE = {
    421: NOT_NOW,
    452: SYSTEM_FULL,
    521: TAKES_NO_MAIL,
    530: SIGN_IN,
    551: MOVED,
    552: FULL,
    553: BAD_ADDRESS,
    556: TAKES_NO_MAIL,
}

# The subject of a status whose detail says nothing (RFC 3463 §3.1).
BY_SUBJECT = {"1": NO_MAILBOX, "3": NOT_NOW, "4": NO_ANSWER, "5": MISUNDERSTOOD, "6": BAD_CONTENT}
