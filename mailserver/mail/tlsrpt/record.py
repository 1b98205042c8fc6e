"""Who wants to hear how TLS with a domain goes: the TXT record at `_smtp._tls.` (RFC 8460 §3)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from mailserver.errors import InvalidName
from mailserver.mail import addresses
from mailserver.mail.senderauth import taglist
from mailserver.mail.senderauth.taglist import BadTags

VERSION = "TLSRPTv1"
# A domain may name more, but each costs us a message.
MAX_URIS = 5
_MAX_URI = 1000


def name(domain: str) -> str:
    """Where the record of a domain is."""
    return f"_smtp._tls.{domain}"


def uris(records: Sequence[bytes]) -> list[str]:
    """The `mailto:` and `https:` addresses of rua=, in order, each once; none unless exactly one record is of TLSRPT.

    What is neither is left out, as is an address that cannot be written to.
    """
    ours = [tags for record in records if (tags := _tags(record)).get("v") == VERSION]
    if len(ours) != 1 or next(iter(ours[0])) != "v":
        return []
    named = (uri.strip() for uri in ours[0].get("rua", "").split(","))
    return list(dict.fromkeys(uri for uri in named if len(uri) <= _MAX_URI and (mailbox(uri) or _is_web(uri))))[
        :MAX_URIS
    ]


def mailbox(uri: str) -> str:
    """The address of a `mailto:` URI (RFC 6068), without what may stand behind a `?`; "" when it is none."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto":
        return ""
    try:
        return str(addresses.parse(unquote(rest.partition("?")[0], errors="strict")))
    except (InvalidName, UnicodeDecodeError):
        return ""


def _is_web(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme == "https" and bool(parts.hostname) and uri.isascii() and uri.isprintable()
    except ValueError:
        return False


def _tags(record: bytes) -> dict[str, str]:
    try:
        return taglist.parse(record)
    except BadTags:
        return {}
