"""What a sender wishes to hear about the delivery: the parameters of RFC 3461, and those of RFC 6533 §3."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# RFC 3461 §4.4, §4.2: in the form they have in the command.
MAX_ENVELOPE_ID = 100
MAX_ORIGINAL = 500

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_TYPE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# utf-8-addr-xtext and utf-8-addr-unitext; `+` and `=` stand for themselves in a plain utf-8-address.
_EMBEDDED = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_NOT_EMBEDDED = re.compile(r"\\(?!x\{[0-9A-F]{2,6}\})")
_TIMES = ("SUCCESS", "FAILURE", "DELAY")
NEVER = "NEVER"


class BadWish(ValueError):
    """A parameter has no such value."""


@dataclass(frozen=True, slots=True)
class EnvelopeWishes:
    """ENVID decoded, and RET: True for FULL, False for HDRS, None when it was not said."""

    envelope_id: str = ""
    full_return: bool | None = None


@dataclass(frozen=True, slots=True)
class RecipientWishes:
    """NOTIFY in its normal form and ORCPT decoded with its type (`rfc822;bob@hamburger.edu`); "" when not said."""

    notify: str = ""
    original: str = ""

    def wants(self, time: str) -> bool:
        return wants(self.notify, time)

    def without_success(self) -> RecipientWishes:
        """The wishes that go on to others when a success is reported here, or to nobody."""
        left = [word for word in self.notify.split(",") if word != "SUCCESS"]
        return replace(self, notify=",".join(left) or NEVER) if self.wants("SUCCESS") else self


def wants(notify: str, time: str) -> bool:
    """RFC 3461 §4.1: without NOTIFY a sender hears of failures, and of delays as the server likes."""
    return time in notify.upper().split(",") if notify else time != "SUCCESS"


def ret(value: str | None) -> bool:
    """Whether RET asks for the whole message. Raises BadWish."""
    word = (value or "").upper()
    if word not in ("FULL", "HDRS"):
        raise BadWish("RET is FULL or HDRS")
    return word == "FULL"


def envelope_id(value: str | None) -> str:
    """ENVID decoded: printable ASCII (RFC 3461 §4.4). Raises BadWish."""
    if not value or len(value) > MAX_ENVELOPE_ID:
        raise BadWish("ENVID has 1 to 100 characters")
    decoded = from_xtext(value)
    if not decoded.isprintable() or not decoded.strip():
        raise BadWish("ENVID is printable text")
    return decoded


def notify(value: str | None) -> str:
    """NOTIFY in upper case and one order: `NEVER`, or some of SUCCESS, FAILURE, DELAY. Raises BadWish."""
    words = (value or "").upper().split(",")
    if words == [NEVER]:
        return NEVER
    if len(set(words)) < len(words) or not set(words) <= set(_TIMES):
        raise BadWish("NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY")
    return ",".join(word for word in _TIMES if word in words)


def original_recipient(value: str | None, *, utf8: bool) -> str:
    """ORCPT decoded, its type in lower case. `utf8`: letters beyond ASCII may stand as they are. Raises BadWish."""
    kind, separator, address = (value or "").partition(";")
    if not separator or not address or len(value or "") > MAX_ORIGINAL or not _TYPE.fullmatch(kind):
        raise BadWish("ORCPT is type;address of at most 500 characters")
    if not address.isascii() and not (utf8 and kind.lower() == "utf-8"):
        raise BadWish("ORCPT with letters beyond ASCII needs SMTPUTF8 and the type utf-8")
    decoded = _from_utf8_address(address) if kind.lower() == "utf-8" else from_xtext(address)
    if not decoded.isprintable() or not decoded.strip():
        raise BadWish("ORCPT is printable text")
    return f"{kind.lower()};{decoded}"


def orcpt(original: str) -> str:
    """The value of ORCPT for what `original_recipient` gave, in ASCII; "" when it would not fit."""
    kind, _, address = original.partition(";")
    address = address.strip()
    coded = _to_utf8_address(address) if kind == "utf-8" or not address.isascii() else to_xtext(address)
    value = f"{kind if address.isascii() else 'utf-8'};{coded}"
    return value if address and _TYPE.fullmatch(kind) and len(value) <= MAX_ORIGINAL else ""


def to_xtext(text: str) -> str:
    """RFC 3461 §4. `text` is printable ASCII."""
    return "".join(char if "!" <= char <= "~" and char not in "+=" else f"+{ord(char):02X}" for char in text)


def from_xtext(text: str) -> str:
    """Raises BadWish."""
    if not _XTEXT.fullmatch(text):
        raise BadWish("xtext has no such character")
    decoded = _HEX.sub(lambda found: chr(int(found[1], 16)), text)
    if not decoded.isascii():
        raise BadWish("xtext stands for ASCII")
    return decoded


def _to_utf8_address(text: str) -> str:
    return "".join(char if "!" <= char <= "~" and char not in "+=\\" else f"\\x{{{ord(char):02X}}}" for char in text)


def _from_utf8_address(text: str) -> str:
    if _NOT_EMBEDDED.search(text):
        raise BadWish("ORCPT has a backslash that begins nothing")
    try:
        decoded = _EMBEDDED.sub(lambda found: chr(int(found[1], 16)), text)
        decoded.encode("utf-8")
    except (ValueError, OverflowError) as error:
        raise BadWish("ORCPT has a character that there is not") from error
    return decoded
