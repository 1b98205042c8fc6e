"""DKIM signatures of a message in memory (RFC 6376, RFC 8301, RFC 8463).

`signatures` reads them and says through `Signature.key_name` which TXT records hold their keys; `verify` judges once
these are known. Neither ever raises, whatever the octets are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature

from mailserver.errors import InvalidName
from mailserver.mail.addresses import to_ascii
from mailserver.mail.headers import Field, of_message
from mailserver.mail.senderauth import canonical, dkimkey, taglist
from mailserver.mail.senderauth.canonical import Form
from mailserver.mail.senderauth.dkimkey import BadKey
from mailserver.mail.senderauth.results import Dkim, DkimWord
from mailserver.mail.senderauth.taglist import BadTags

FIELD = "dkim-signature"
# More are legal, but each costs a question to the DNS that a stranger chose.
MAX_SIGNATURES = 5
_MAX_SIGNED_FIELDS = 1000
_ALGORITHMS = ("rsa-sha256", "ed25519-sha256")
_NUMBER = re.compile(r"[0-9]{1,76}")
_FIELD_NAME = re.compile(r"[!-9<-~]+")
_FORMS: Mapping[str, Form] = {"simple": "simple", "relaxed": "relaxed"}


class _Unfit(Exception):
    """The signature cannot pass: `word` and a reason for the results field."""

    def __init__(self, word: DkimWord, reason: str) -> None:
        super().__init__(reason)
        self.word = word
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Terms:
    """A signature that can be verified. `length` counts octets of the canonical body; None signs all of it."""

    algorithm: str
    signature: bytes
    body_hash: bytes
    header_form: Form
    body_form: Form
    names: tuple[str, ...]
    length: int | None
    expires: int | None
    # The domain of i=, which a key may demand to be d= itself.
    identity: str


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature field. `key_name` is the owner of the TXT record to ask for, "" when nothing needs asking."""

    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    mark: str = ""
    terms: _Terms | None = None
    unfit: Dkim | None = None
    place: int = 0

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}" if self.terms else ""

    def judged(self, word: DkimWord, reason: str = "") -> Dkim:
        """The result of this signature."""
        return Dkim(word, self.domain, self.selector, self.algorithm, reason, self.mark)


@dataclass(slots=True)
class Signed:
    """A message with its signatures, the topmost first, at most `MAX_SIGNATURES`; bodies are made canonical once."""

    raw: bytes
    fields: Sequence[Field]
    body_start: int
    signatures: list[Signature]
    _bodies: dict[Form, bytes] = field(default_factory=dict)

    def body(self, form: Form) -> bytes:
        """The canonical body."""
        if form not in self._bodies:
            self._bodies[form] = canonical.body(self.raw[self.body_start :], form)
        return self._bodies[form]


def signatures(raw: bytes) -> Signed:
    """Read the signatures of a message whose lines end with CRLF."""
    headers = of_message(raw)
    found = [(place, item) for place, item in enumerate(headers.fields) if item.name == FIELD]
    read = [_read(place, item.value) for place, item in found[:MAX_SIGNATURES]]
    return Signed(raw, headers.fields, headers.end, read)


def verify(signed: Signed, keys: Mapping[str, Sequence[bytes] | None], *, now: int) -> tuple[Dkim, ...]:
    """The result of each signature, one `none` when there are none.

    `keys`: the TXT records by `key_name`, none for a name that has no such record; None where the DNS did not answer.
    `now` in seconds since 1970.
    """
    if not signed.signatures:
        return (Dkim("none"),)
    return tuple(_judge(signed, signature, keys, now) for signature in signed.signatures)


def _judge(signed: Signed, signature: Signature, keys: Mapping[str, Sequence[bytes] | None], now: int) -> Dkim:
    if signature.unfit or not signature.terms:
        return signature.unfit or signature.judged("permerror")
    records = keys.get(signature.key_name)
    if records is None:
        return signature.judged("temperror", "no answer for the key")
    try:
        _check(signed, signature, signature.terms, records, now)
    except _Unfit as unfit:
        return signature.judged(unfit.word, unfit.reason)
    except BadKey as bad:
        return signature.judged("policy" if bad.weak else "permerror", str(bad))
    except InvalidSignature:
        return signature.judged("fail", "signature does not match")
    return signature.judged("pass")


def _check(signed: Signed, signature: Signature, terms: _Terms, records: Sequence[bytes], now: int) -> None:
    """Returns when the signature holds. Raises _Unfit, BadKey, InvalidSignature."""
    if terms.expires is not None and now > terms.expires:
        raise _Unfit("fail", "signature has expired")
    key = dkimkey.read(records)
    if key.strict and terms.identity != signature.domain:
        raise _Unfit("permerror", "key is not for subdomains")
    key.check(terms.algorithm)
    body = signed.body(terms.body_form)
    length = len(body) if terms.length is None else terms.length
    if length > len(body):
        raise _Unfit("fail", "body is shorter than signed")
    if hashlib.sha256(memoryview(body)[:length]).digest() != terms.body_hash:
        raise _Unfit("fail", "body was changed")
    key.verify(terms.signature, _header(signed, signature, terms))
    # Anybody could have added what lies beyond, and the page would show it as if it were signed (RFC 6376 §8.2).
    if length < len(body):
        raise _Unfit("policy", "part of the body is not signed")


def _header(signed: Signed, signature: Signature, terms: _Terms) -> bytes:
    """What is signed of the header (RFC 6376 §3.7): the fields named, then the signature itself without its value."""
    others = [item for place, item in enumerate(signed.fields) if place != signature.place]
    own = signed.fields[signature.place]
    field = canonical.header_field(canonical.unsigned(signed.raw[own.start : own.end]), terms.header_form)
    named = canonical.header(signed.raw, others, terms.names, terms.header_form)
    return named + field.removesuffix(b"\r\n")


def _read(place: int, value: bytes) -> Signature:
    try:
        tags = taglist.parse(value)
    except BadTags as bad:
        return Signature(unfit=Dkim("permerror", reason=str(bad)), place=place)
    domain, selector = _name(tags.get("d", "")), _name(tags.get("s", ""))
    algorithm = tags.get("a", "").lower() if re.fullmatch(r"[A-Za-z0-9-]{1,40}", tags.get("a", "")) else ""
    mark = taglist.without_space(tags.get("b", ""))[:8]
    mark = mark if re.fullmatch(r"[A-Za-z0-9+/=]*", mark) else ""
    plain = Signature(domain, selector, algorithm, mark, place=place)
    try:
        terms = _terms(tags, domain, selector, algorithm)
    except _Unfit as unfit:
        judged = plain.judged(unfit.word, unfit.reason)
        return Signature(domain, selector, algorithm, mark, unfit=judged, place=place)
    return Signature(domain, selector, algorithm, mark, terms, place=place)


def _terms(tags: Mapping[str, str], domain: str, selector: str, algorithm: str) -> _Terms:
    if tags.get("v") != "1":
        raise _Unfit("permerror", "unknown version")
    if not domain or not selector:
        raise _Unfit("permerror", "d= or s= is no domain name")
    if algorithm == "rsa-sha1":
        raise _Unfit("policy", "rsa-sha1 is not safe")
    if algorithm not in _ALGORITHMS:
        raise _Unfit("permerror", "unknown algorithm")
    if "txt" not in {method.partition("/")[2] for method in _listed(tags.get("q", "dns/txt"))}:
        raise _Unfit("permerror", "unknown query method")
    names = tuple(name.lower() for name in _listed(tags.get("h", "")))
    if "from" not in names or len(names) > _MAX_SIGNED_FIELDS or not all(map(_FIELD_NAME.fullmatch, names)):
        raise _Unfit("permerror", "From is not signed")
    header_form, _, body_form = tags.get("c", "simple/simple").lower().partition("/")
    if header_form not in _FORMS or (body_form or "simple") not in _FORMS:
        raise _Unfit("permerror", "unknown canonical form")
    signed_at, expires = _number(tags, "t"), _number(tags, "x")
    if signed_at is not None and expires is not None and expires < signed_at:
        raise _Unfit("permerror", "expired before it was signed")
    return _Terms(
        algorithm=algorithm,
        signature=_base64(tags, "b"),
        body_hash=_base64(tags, "bh"),
        header_form=_FORMS[header_form],
        body_form=_FORMS[body_form or "simple"],
        names=names,
        length=_number(tags, "l"),
        expires=expires,
        identity=_identity(tags.get("i", ""), domain),
    )


def _identity(text: str, domain: str) -> str:
    """The domain of i=, by default d= itself (RFC 6376 §3.5)."""
    found = _name(text.rpartition("@")[2]) if text else domain
    if found != domain and not found.endswith(f".{domain}"):
        raise _Unfit("permerror", "i= is not within d=")
    return found


def _name(text: str) -> str:
    try:
        return to_ascii(taglist.without_space(text).rstrip("."))
    except InvalidName:
        return ""


def _listed(text: str) -> list[str]:
    return taglist.without_space(text).split(":")


def _number(tags: Mapping[str, str], name: str) -> int | None:
    """RFC 6376 §3.5: t=, x= and l= have at most 76 digits."""
    text = tags.get(name)
    if text is not None and not _NUMBER.fullmatch(text):
        raise _Unfit("permerror", f"{name}= is no number")
    return None if text is None else int(text)


def _base64(tags: Mapping[str, str], name: str) -> bytes:
    try:
        found = base64.b64decode(taglist.without_space(tags.get(name, "")), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise _Unfit("permerror", f"{name}= is missing or not base64")
    return found
