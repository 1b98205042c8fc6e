"""Every reply our POP3 server gives, by name. Nothing that a client sent is ever echoed.

`code` is a response code (RFC 2449 §8, RFC 3206), which tells programs what the text tells people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Reply:
    """The first line of a response. `closes`: the connection ends after it. `foreign`: what came is not POP3."""

    ok: bool
    text: str
    code: str = ""
    closes: bool = False
    foreign: bool = False

    def __str__(self) -> str:
        code = f"[{self.code}] " if self.code else ""
        return f"{'+OK' if self.ok else '-ERR'} {code}{self.text}"

    def __bytes__(self) -> bytes:
        return str(self).encode("ascii") + b"\r\n"

    def closing(self) -> Reply:
        return replace(self, closes=True)


def greeting(hostname: str) -> Reply:
    """RFC 1939 §4. Without a time stamp in angle brackets, as there is no APOP."""
    return Reply(True, f"{hostname} POP3 ready")


def signed_in(messages: int, octets: int) -> Reply:
    return Reply(True, f"Your Inbox has {messages} messages ({octets} octets)")


def listing(messages: int, octets: int) -> Reply:
    return Reply(True, f"{messages} messages ({octets} octets)")


def totals(messages: int, octets: int) -> Reply:
    """STAT: programs read the two numbers (RFC 1939 §5)."""
    return Reply(True, f"{messages} {octets}")


def about(number: int, value: int | str) -> Reply:
    """LIST or UIDL of one message."""
    return Reply(True, f"{number} {value}")


def message_follows(octets: int) -> Reply:
    return Reply(True, f"{octets} octets")


OK = Reply(True, "Done")
BYE = Reply(True, "Bye", closes=True)
CAPABILITIES = Reply(True, "What we can do follows")
UNIQUE_IDS = Reply(True, "Unique ids follow")
LINES_FOLLOW = Reply(True, "The top of the message follows")
MARKED = Reply(True, "Will be deleted at QUIT")
RESTORED = Reply(True, "Nothing will be deleted")
START_TLS = Reply(True, "Start TLS now")
UTF8_ON = Reply(True, "UTF-8 it is")

# Signing in
PASSWORD_WANTED = Reply(True, "Now the password")
USER_FIRST = Reply(False, "USER comes first")
TLS_FIRST = Reply(False, "Start TLS first (STLS)")
ALREADY_ENCRYPTED = Reply(False, "TLS is already in use")
TLS_NOT_AVAILABLE = Reply(False, "TLS is not available for the moment", "SYS/TEMP")
UNKNOWN_MECHANISM = Reply(False, "That way of signing in is not offered")
CANCELLED = Reply(False, "Signing in was cancelled")
NOT_BASE64 = Reply(False, "The answer is not base64")
AUTH_FAILED = Reply(False, "Address or password is wrong", "AUTH")
SWITCHED_OFF = Reply(False, "POP3 is switched off for this account", "AUTH")
THROTTLED = Reply(False, "Too many failed sign-ins, try again in 15 minutes", "SYS/TEMP")
IN_USE = Reply(False, "Another session has this mailbox", "IN-USE")

# Order and form of commands
UNKNOWN_COMMAND = Reply(False, "Unknown command", foreign=True)
NOT_READABLE = Reply(False, "The command cannot be read", foreign=True)
LINE_TOO_LONG = Reply(False, "The line is too long", foreign=True)
NOT_POP3 = Reply(False, "This is a mail server, closing", closes=True, foreign=True)
SYNTAX = Reply(False, "The command has other arguments")
SIGN_IN_FIRST = Reply(False, "Sign in first")
SIGNED_IN_ALREADY = Reply(False, "You are signed in already")
NO_SUCH_MESSAGE = Reply(False, "No such message")
MESSAGE_DELETED = Reply(False, "This message is marked as deleted")
MESSAGE_GONE = Reply(False, "The message is gone", "SYS/PERM")

# Limits and trouble on our side
TOO_MANY_CONNECTIONS = Reply(False, "Too many connections, try again later", "SYS/TEMP", closes=True)
TOO_MANY_ERRORS = Reply(False, "Too many errors, closing", closes=True)
SHUTTING_DOWN = Reply(False, "We are shutting down, try again soon", "SYS/TEMP", closes=True)
SIGNED_OUT = Reply(False, "Your password or account has changed; sign in again", "AUTH", closes=True)
LEASE_LOST = Reply(False, "Another session has taken this mailbox; nothing was deleted", "IN-USE", closes=True)
NOT_FINISHED = Reply(False, "Nothing was deleted; try again soon", "SYS/TEMP", closes=True)
TRY_LATER = Reply(False, "We cannot do this now, try again soon", "SYS/TEMP")
FAULT = Reply(False, "We cannot do this", "SYS/PERM")
