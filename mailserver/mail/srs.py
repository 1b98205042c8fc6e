"""The Sender Rewriting Scheme: envelope senders of forwarded mail, so that SPF of the next server looks at us and a
bounce finds its way back. After Shevek, "The Sender Rewriting Scheme" (2004); no RFC.

`SRS0=hash=day=domain=local@ours` stands for `local@domain`; `SRS1=hash=first==rest@ours` for `SRS0=rest@first`, the
address of another forwarder. Hash and day are base32 and compared without case, because some servers change it.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from hashlib import sha256

from mailserver.errors import InvalidName
from mailserver.mail import addresses
from mailserver.mail.addresses import MAX_ADDRESS, Address

# Days a bounce may take: a queue of 5 days at the target and one at a server behind it, twice over.
LIFETIME = 21

_DAYS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HASH_LENGTH = 8
_MARK = re.compile(r"SRS[01][=+-]", re.IGNORECASE)
_SRS0 = re.compile(r"SRS0[=+-]([A-Z2-7]+)=([A-Z2-7]{2})=([^=]+)=(.+)", re.IGNORECASE | re.DOTALL)
_SRS1 = re.compile(r"SRS1[=+-]([A-Z2-7]+)=([^=]+)=([=+-].+)", re.IGNORECASE | re.DOTALL)
# Another forwarder's SRS1, whose hash is of its own making.
_THEIRS = re.compile(r"SRS1[=+-][^=]*=([^=]+)=([=+-].+)", re.IGNORECASE | re.DOTALL)


def is_rewritten(local: str) -> bool:
    """Whether a local part has the form of this scheme, ours or not."""
    return bool(_MARK.match(local))


def forward(sender: Address, *, domain: str, key: bytes, day: int) -> Address | None:
    """The sender under which `domain` passes a message of `sender` on; `day` counts from 1970-01-01.

    None when the result would be longer than an address may be. A local part may come out longer than the 64 octets
    that every server must take (RFC 5321 §4.5.3.1.1); there is no shorter form that needs no memory.
    """
    if found := _THEIRS.fullmatch(sender.local):
        local = _srs1(found[1], found[2], key)
    elif sender.local[:4].upper() == "SRS0" and is_rewritten(sender.local):
        local = _srs1(sender.domain, sender.local[4:], key)
    else:
        when = _DAYS[day // 32 % 32] + _DAYS[day % 32]
        local = f"SRS0={_hash(key, when, sender.domain, sender.local)}={when}={sender.domain}={sender.local}"
    rewritten = Address(local, domain)
    return rewritten if len(str(rewritten).encode()) <= MAX_ADDRESS else None


def reverse(local: str, *, key: bytes, day: int) -> Address:
    """Whom the local part of one of our rewritten addresses stands for.

    Raises InvalidName when it is not ours, was changed, or is older than LIFETIME (an SRS1 has no date: the server
    behind its SRS0 looks at that one).
    """
    if found := _SRS0.fullmatch(local):
        given, when, domain, name = found.groups()
        if not hmac.compare_digest(given.upper(), _hash(key, when, domain, name)):
            raise InvalidName("This return address is not of our making")
        if (day - _day(when)) % 1024 > LIFETIME:
            raise InvalidName("This return address is too old")
        return parse(str(Address(name, domain)))
    if found := _SRS1.fullmatch(local):
        given, first, rest = found.groups()
        if hmac.compare_digest(given.upper(), _hash(key, first, rest)):
            return parse(str(Address(f"SRS0{rest}", first)))
    raise InvalidName("This return address is not of our making")


def parse(text: str) -> Address:
    """Like `addresses.parse`, but a rewritten local part may be as long as the address. Raises InvalidName."""
    return addresses.parse(text, longest_local=MAX_ADDRESS if is_rewritten(text.lstrip('"')) else addresses.MAX_LOCAL)


def _srs1(first: str, rest: str, key: bytes) -> str:
    return f"SRS1={_hash(key, first, rest)}={first}={rest}"


def _hash(key: bytes, *parts: str) -> str:
    """40 bits over the parts in lower case, 8 base32 characters."""
    said = "=".join(parts).lower().encode("utf-8", "surrogatepass")
    return b32encode(hmac.digest(key, said, sha256)).decode("ascii")[:_HASH_LENGTH]


def _day(when: str) -> int:
    high, low = (_DAYS.index(character) for character in when.upper())
    return high * 32 + low
