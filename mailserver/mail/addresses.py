"""Addresses of the envelope: strict, as a server must be (RFC 5321 §4.1.2, RFC 6531 §3.3).

Addresses in header fields are read by `addresslists`; its names are re-exported here.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna

from mailserver.errors import InvalidName
from mailserver.mail.addresslists import HeaderAddress, format_list, parse_list

__all__ = [
    "Address",
    "HeaderAddress",
    "base_local",
    "format_list",
    "parse",
    "parse_list",
    "to_ascii",
    "to_unicode",
]

# RFC 5321 §4.5.3.1: octets of local part, domain and path (256 with the angle brackets).
MAX_LOCAL, MAX_DOMAIN, MAX_ADDRESS = 64, 255, 254
_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\U0010ffff]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~])*)"')
_QUOTED_PAIR = re.compile(r"\\(.)")
# The underscore is outside RFC 1123, but hosts named with it do send mail and Postfix takes it too.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox. `local` has its quotes taken off; `domain` is lower-case ASCII (A-labels) or a literal."""

    local: str
    domain: str

    def __str__(self) -> str:
        """RFC 5321 form: the local part is quoted only when it must be."""
        return _written(self.local, self.domain)

    @property
    def is_ascii(self) -> bool:
        """False when the address can travel by SMTPUTF8 only."""
        return self.local.isascii()

    @property
    def unicode(self) -> str:
        """For people: the domain with U-labels."""
        return str(Address(self.local, to_unicode(self.domain)))


@lru_cache(maxsize=2000)
def _written(local: str, domain: str) -> str:
    if _DOT_ATOM.fullmatch(local):
        return f"{local}@{domain}"
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@{domain}'


# The same people write and are written to.
@lru_cache(maxsize=2000)
def parse(text: str, *, smtputf8: bool = True, longest_local: int = MAX_LOCAL) -> Address:
    """The Mailbox of RFC 5321 §4.1.2 in `text`, nothing before or after it.

    `smtputf8=False` refuses octets above 127 in the local part; a domain with U-labels becomes A-labels
    in either case. `longest_local` in octets. Raises InvalidName with a sentence fit for people.
    """
    at = text.rfind("@")
    if at < 0:
        raise InvalidName("An address has the form name@example.org")
    local, domain = _local(text[:at], longest_local), _domain(text[at + 1 :])
    if not smtputf8 and not local.isascii():
        raise InvalidName("This address needs SMTPUTF8")
    address = Address(local, domain)
    if len(str(address).encode()) > MAX_ADDRESS:
        raise InvalidName(f"An address has at most {MAX_ADDRESS} octets")
    return address


def base_local(local: str) -> str:
    """The local part without `+detail` (RFC 5233 §4): `alice+news` is filed for `alice`."""
    base, _, _ = local.partition("+")
    return base or local


def to_ascii(domain: str) -> str:
    """A domain name in lower-case A-labels (RFC 5890). Raises InvalidName."""
    name = domain
    if not domain.isascii():
        try:
            name = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError) as error:
            raise InvalidName(f"{domain[:80]!r} is not a domain name") from error
    name = name.lower()
    if len(name) > MAX_DOMAIN or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise InvalidName(f"{domain[:80]!r} is not a domain name")
    return name


def to_unicode(domain: str) -> str:
    """The domain with U-labels; labels that do not decode stay as they are."""
    return ".".join(_unicode_label(label) for label in domain.split("."))


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError, ValueError):
        return label


def _local(text: str, longest: int) -> str:
    quoted = _QUOTED.fullmatch(text)
    local = _QUOTED_PAIR.sub(r"\1", quoted[1]) if quoted else text
    if not local:
        raise InvalidName("The part before @ is empty")
    if not quoted and not _DOT_ATOM.fullmatch(text):
        raise InvalidName("The part before @ has characters that an address cannot have")
    if not local.isascii():
        local = unicodedata.normalize("NFC", local)
        if any(_invisible(character) for character in local):
            raise InvalidName("The part before @ has invisible characters")
    if len(text.encode("utf-8", "replace")) > longest:
        raise InvalidName(f"The part before @ has at most {longest} octets")
    return local


def _invisible(character: str) -> bool:
    """Controls, formats, separators and surrogates outside ASCII; joiners are part of some scripts."""
    if character.isascii() or character in _JOINERS:
        return False
    return unicodedata.category(character)[0] in "CZ"


def _domain(text: str) -> str:
    if not text:
        raise InvalidName("The part behind @ is empty")
    return _literal(text[1:-1]) if text[0] == "[" and text[-1] == "]" else to_ascii(text)


def _literal(text: str) -> str:
    """RFC 5321 §4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`, the address in its usual spelling."""
    try:
        if text[:5].lower() == "ipv6:":
            if "%" in text:
                raise InvalidName("An address literal has no zone")
            return f"[IPv6:{ipaddress.IPv6Address(text[5:])}]"
        return f"[{ipaddress.IPv4Address(text)}]"
    except ValueError as error:
        raise InvalidName(f"[{text[:80]}] is not an address literal") from error
