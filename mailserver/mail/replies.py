"""Every reply our SMTP server gives, by name; no number is written anywhere else.

A reply is a three-digit code (RFC 5321 §4.2), an enhanced status (RFC 3463, carried as RFC 2034 §4 says) and
fixed text: nothing that a client sent is ever echoed. The greeting, the answers to HELO and EHLO and all 3xx
replies have no enhanced status (RFC 2034 §4). `source` says where the choice is written down; "house" marks
our own policy where the standards leave the choice open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `text` may hold several lines separated by LF; each goes out with the code and the status.

    `str(reply)` is the wire form without the final CRLF: `250 2.1.0 Sender OK`, or for several lines
    `250-…` CRLF `250 …`. Raises ValueError for a status of another class than the code or text that is
    not printable ASCII.
    """

    code: int
    enhanced: str
    text: str
    source: str
    # Written when first sent; to look a reply up by its fields took as long.
    _octets: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.enhanced and self.enhanced[0] != str(self.code)[0]:
            raise ValueError(f"status {self.enhanced} is of another class than {self.code}")
        if not all(line.isascii() and (line.isprintable() or not line) for line in self.text.split("\n")):
            raise ValueError(f"reply text is not printable ASCII: {self.text!r}")

    def __str__(self) -> str:
        lines = self.text.split("\n")
        status = f"{self.enhanced} " if self.enhanced else ""
        continued = [f"{self.code}-{status}{line}" for line in lines[:-1]]
        return "\r\n".join([*continued, f"{self.code} {status}{lines[-1]}"])

    def __bytes__(self) -> bytes:
        if not self._octets:
            self._octets.append(str(self).encode("ascii"))
        return self._octets[0]

    @property
    def positive(self) -> bool:
        """Whether the command was accepted so far (2xx or 3xx, RFC 5321 §4.2.1)."""
        return self.code < 400

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection after this reply (RFC 5321 §3.8, §4.1.1.10)."""
        return self.code in (221, 421)

    def with_text(self, text: str) -> Reply:
        """The same reply with other words, for what only the moment knows (a queue number)."""
        return replace(self, text=text)


def greeting(hostname: str) -> Reply:
    """`220 mx.hamburger.edu ESMTP ready`: the domain comes first."""
    return Reply(220, "", f"{hostname} ESMTP ready", "RFC 5321 §4.2, §3.1")


def hello(hostname: str, client: str, keywords: Iterable[str] = ()) -> Reply:
    """The answer to HELO (no keywords) or EHLO (one keyword with its parameters per line).

    `client` is the name the client gave, already checked to be a domain or an address literal.
    """
    first = f"{hostname} Hello {client}, pleased to meet you"
    return Reply(250, "", "\n".join([first, *keywords]), "RFC 5321 §4.1.1.1")


def challenge(base64: str = "") -> Reply:
    """`334 ` and the next question of a SASL exchange; the space stays when there is no question."""
    return Reply(334, "", base64, "RFC 4954 §4")


def message_taken(number: str) -> Reply:
    """The message is durable; `number` is what we call it from now on."""
    return MESSAGE_TAKEN.with_text(f"Queued as {number}")


def message_stored(number: str) -> Reply:
    """The message is in the mailboxes of its recipients, under this number."""
    return MESSAGE_TAKEN.with_text(f"Stored as {number}")


# The textbook path
OK = Reply(250, "2.0.0", "OK", "RFC 5321 §4.2.2")
SENDER_OK = Reply(250, "2.1.0", "Sender OK", "RFC 3463 §3.2")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK", "RFC 3463 §3.2")
START_DATA = Reply(354, "", "End with a line that has only a dot", "RFC 5321 §4.1.1.4")
MESSAGE_TAKEN = Reply(250, "2.0.0", "Message taken", "RFC 5321 §4.1.1.4, §6.1")
BYE = Reply(221, "2.0.0", "Bye", "RFC 5321 §4.1.1.10")
HELP = Reply(214, "2.0.0", "The commands are those of RFC 5321", "RFC 5321 §4.1.1.8")
CANNOT_VERIFY = Reply(252, "2.0.0", "Send the message and you will see", "RFC 5321 §3.5.3, §7.3")

# Encryption
START_TLS = Reply(220, "2.0.0", "Ready to start TLS", "RFC 3207 §4")
ALREADY_ENCRYPTED = Reply(503, "5.5.1", "TLS is already in use", "RFC 3207 §4.2; house")
TLS_NOT_AVAILABLE = Reply(454, "4.7.0", "TLS is not available for the moment", "RFC 3207 §4")
TLS_REQUIRED = Reply(530, "5.7.0", "Start TLS first", "RFC 3207 §4")

# Signing in (submission)
AUTHENTICATED = Reply(235, "2.7.0", "Signed in", "RFC 4954 §6")
AUTH_FAILED = Reply(535, "5.7.8", "Address or password is wrong", "RFC 4954 §6")
AUTH_REQUIRED = Reply(530, "5.7.0", "Sign in first", "RFC 4954 §6")
AUTH_NEEDS_TLS = Reply(538, "5.7.11", "Signing in needs an encrypted connection", "RFC 4954 §6")
AUTH_NOT_OFFERED = Reply(503, "5.5.1", "Signing in is not offered here", "RFC 5321 §4.2.4; RFC 4954 §4")
AUTH_UNKNOWN_MECHANISM = Reply(504, "5.5.4", "That way of signing in is not offered", "RFC 4954 §4")
AUTH_CANCELLED = Reply(501, "5.7.0", "Signing in was cancelled", "RFC 4954 §4")
AUTH_NOT_BASE64 = Reply(501, "5.5.2", "The answer is not base64", "RFC 4954 §4")
AUTH_LINE_TOO_LONG = Reply(500, "5.5.6", "The line of the sign-in is too long", "RFC 4954 §4")
AUTH_DONE_BEFORE = Reply(503, "5.5.1", "You are signed in already", "RFC 4954 §4")
AUTH_IN_TRANSACTION = Reply(503, "5.5.1", "Not between MAIL and the end of the message", "RFC 4954 §4")
AUTH_UNAVAILABLE = Reply(454, "4.7.0", "Signing in does not work for the moment", "RFC 4954 §6")
AUTH_THROTTLED = Reply(454, "4.7.0", "Too many failed sign-ins, try again in 15 minutes", "RFC 4954 §6; house")
AUTH_CLOSING = Reply(421, "4.7.0", "Too many failed sign-ins, closing", "RFC 5321 §3.8; house")

# Order and form of commands
UNKNOWN_COMMAND = Reply(500, "5.5.1", "Unknown command", "RFC 5321 §4.2.4")
NOT_READABLE = Reply(500, "5.5.2", "The command cannot be read", "RFC 5321 §4.2.2")
LINE_TOO_LONG = Reply(500, "5.5.2", "The line is too long", "RFC 5321 §4.5.3.1.9")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Not offered here", "RFC 5321 §4.2.4, §7.3")
NO_ARGUMENT_ALLOWED = Reply(501, "5.5.4", "This command takes no argument", "RFC 5321 §4.1.1, §4.3.2")
HELLO_SYNTAX = Reply(501, "5.5.4", "Syntax: EHLO your.host.name", "RFC 5321 §4.1.1.1")
MAIL_SYNTAX = Reply(501, "5.5.4", "Syntax: MAIL FROM:<address>", "RFC 5321 §4.1.1.2")
RCPT_SYNTAX = Reply(501, "5.5.4", "Syntax: RCPT TO:<address>", "RFC 5321 §4.1.1.3")
VRFY_SYNTAX = Reply(501, "5.5.4", "Syntax: VRFY address", "RFC 5321 §4.1.1.6")
SIGNED_OUT = Reply(421, "4.7.0", "Your password or account has changed, sign in again", "RFC 5321 §3.8; house")
AUTH_SYNTAX = Reply(501, "5.5.4", "Syntax: AUTH mechanism", "RFC 4954 §4")
PARAMETER_SYNTAX = Reply(501, "5.5.4", "A parameter has no such value", "RFC 5321 §4.1.1.11")
RET_SYNTAX = Reply(501, "5.5.4", "RET is FULL or HDRS", "RFC 3461 §4.3")
ENVID_SYNTAX = Reply(501, "5.5.4", "ENVID is xtext of at most 100 characters", "RFC 3461 §4.4")
NOTIFY_SYNTAX = Reply(501, "5.5.4", "NOTIFY is NEVER, or some of SUCCESS,FAILURE,DELAY", "RFC 3461 §4.1")
ORCPT_SYNTAX = Reply(501, "5.5.4", "ORCPT is type;xtext of at most 500 characters", "RFC 3461 §4.2; RFC 6533 §3")
HOLD_SYNTAX = Reply(501, "5.5.4", "HOLDFOR is seconds, HOLDUNTIL a date-time of RFC 3339", "RFC 4865 §4")
HOLD_TWICE = Reply(501, "5.5.4", "HOLDFOR and HOLDUNTIL exclude each other", "RFC 4865 §4")
HOLD_TOO_LONG = Reply(501, "5.5.4", "Nothing is held for so long", "RFC 4865 §4")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "A parameter is not known here", "RFC 5321 §4.1.1.11")
HELLO_FIRST = Reply(503, "5.5.1", "Say EHLO or HELO first", "RFC 5321 §4.1.4")
MAIL_FIRST = Reply(503, "5.5.1", "MAIL comes first", "RFC 5321 §4.1.4, §3.3")
NESTED_MAIL = Reply(503, "5.5.1", "A message is already under way", "RFC 5321 §4.1.4")
RCPT_FIRST = Reply(503, "5.5.1", "No recipient yet", "RFC 5321 §3.3")
NO_VALID_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients", "RFC 5321 §3.3; RFC 2920 §3.1")

# Addresses
SENDER_NOT_AN_ADDRESS = Reply(501, "5.1.7", "The sender is not an address", "RFC 3463 §3.2")
RECIPIENT_NOT_AN_ADDRESS = Reply(501, "5.1.3", "The recipient is not an address", "RFC 3463 §3.2")
SENDER_NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "This sender needs SMTPUTF8", "RFC 6531 §3.5")
RECIPIENT_NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "This recipient needs SMTPUTF8", "RFC 6531 §3.5")
UNKNOWN_RECIPIENT = Reply(550, "5.1.1", "No such user here", "RFC 5321 §3.3; RFC 3463 §3.2")
RECIPIENT_DISABLED = Reply(550, "5.2.1", "This mailbox takes no mail", "RFC 3463 §3.3")
DOMAIN_DISABLED = Reply(450, "4.2.1", "This domain takes no mail for the moment", "RFC 5321 §4.2.2; RFC 3463 §3.3")
RELAY_DENIED = Reply(554, "5.7.1", "We do not relay for you", "RFC 5321 §3.6.2, §7.9; RFC 3463 §3.8")
SENDER_NOT_YOURS = Reply(553, "5.7.1", "The sender is not an address of yours", "RFC 6409 §6.1")
FROM_NOT_YOURS = Reply(553, "5.7.1", "The From of the message is not an address of yours", "RFC 6409 §6.1, §8.1")

# Room and size
MESSAGE_TOO_LARGE = Reply(552, "5.3.4", "The message is too large", "RFC 1870 §6.1, §6.3")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients", "RFC 5321 §4.5.3.1.10")
MAILBOX_FULL = Reply(452, "4.2.2", "The mailbox is full", "RFC 5321 §4.2.2; RFC 3463 §3.3")
MAILBOX_FULL_FOR_GOOD = Reply(552, "5.2.2", "The mailbox is full", "RFC 5321 §4.2.2; RFC 3463 §3.3")
SYSTEM_FULL = Reply(452, "4.3.1", "No room for messages now", "RFC 5321 §4.2.2; RFC 3463 §3.4")

# The message itself
LONE_CR_OR_LF = Reply(
    # 5.6.11 is not in the register of RFC 5248; Exchange made it the known status of this fault.
    550,
    "5.6.11",
    "Lines must end with CRLF; a CR or LF stands alone",
    "RFC 5321 §2.3.8, §4.1.1.4",
)
TOO_MANY_HOPS = Reply(554, "5.4.6", "The message goes round in a circle", "RFC 5321 §6.3; RFC 3463 §3.5")
UTF8_HEADER_NEEDS_SMTPUTF8 = Reply(554, "5.6.9", "This header needs SMTPUTF8", "RFC 6531 §3.5")
MESSAGE_REFUSED = Reply(554, "5.6.0", "The message cannot be taken", "RFC 3463 §3.7")
DRAFT_GONE = Reply(554, "5.5.0", "This draft was sent or changed already", "RFC 3463 §3.6; house")
SENDER_REFUSED = Reply(
    550,
    "5.7.1",
    "The domain in From asks to refuse mail that it did not send (DMARC)",
    "RFC 7489 §10.3; RFC 3463 §3.8",
)
SPAM_REFUSED = Reply(550, "5.7.1", "The message looks too much like spam", "RFC 5321 §4.2.5; RFC 3463 §3.8")
VIRUS_FOUND = Reply(550, "5.7.1", "The message carries something harmful", "RFC 5321 §4.2.5; RFC 3463 §3.8")
POLICY_REFUSED = Reply(550, "5.7.1", "Our rules do not allow this message", "RFC 5321 §4.2.5; RFC 3463 §3.8")

# Limits and trouble on our side
TOO_MANY_CONNECTIONS = Reply(421, "4.7.0", "Too many connections, try again later", "RFC 5321 §3.8; house")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing", "RFC 5321 §4.3.2; house")
NOT_SMTP = Reply(421, "4.7.0", "This is a mail server, closing", "house: HTTP verbs are cross-protocol attacks")
TOO_MUCH_DATA = Reply(421, "4.7.0", "Far above the size limit, closing", "house: twice the limit of RFC 1870")
IDLE_TOO_LONG = Reply(421, "4.4.2", "Silent for too long, closing", "RFC 5321 §4.5.3.2.7")
SESSION_TOO_LONG = Reply(421, "4.4.2", "The session took too long, closing", "RFC 5321 §3.8; house")
SHUTTING_DOWN = Reply(421, "4.3.2", "We are shutting down, try again soon", "RFC 5321 §3.8, §4.2.2")
HOURLY_LIMIT = Reply(451, "4.7.1", "You have sent as much as an hour allows", "RFC 6409 §6; RFC 3463 §3.8")
SENDING_LIMIT = Reply(451, "4.7.1", "You have sent as much as a day allows", "RFC 6409 §6; RFC 3463 §3.8")
GREYLISTED = Reply(451, "4.7.1", "We do not know you yet, try again in a few minutes", "RFC 6647 §2.1, §5")
TRY_LATER = Reply(451, "4.3.0", "We cannot do this now, try again soon", "RFC 5321 §4.2.2; RFC 3463 §3.4")
