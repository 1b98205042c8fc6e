"""The IMAP ENVELOPE of a message (RFC 9051 §7.5.2): its header as written, encoded words kept."""

from __future__ import annotations

import re
from functools import lru_cache

from mailserver.errors import InvalidName
from mailserver.mail.addressentries import Entry, GroupMark, read
from mailserver.mail.addresses import to_ascii
from mailserver.mail.headers import Headers
from mailserver.mail.imapstrings import NIL, nstring, quoted

# Of a message whose header is not read any more.
EMPTY = f"({' '.join([NIL] * 10)})"
ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to", "to", "cc", "bcc"})
# A blank and a quote without backslash are between strings only, so it cannot begin inside of one.
_LAST_TWO = re.compile(rb' (?:NIL|"((?:[^"\\]|\\.)*)") (?:NIL|"(?:[^"\\]|\\.)*")\)$', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
# Each takes 0.3 ms: in longer lists domains stay as they are.
_MAX_U_LABELS = 100
_MAX_DOMAIN = 255
# Characters of a list that is remembered: most people write to the same ones again.
_SHORT = 500


def envelope(headers: Headers) -> str:
    """Date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id. Never raises."""
    sender = _people(headers.unfolded("from"))
    members = (
        _text(headers, "date"),
        _text(headers, "subject"),
        sender or NIL,
        _people(headers.unfolded("sender")) or sender or NIL,
        _people(headers.unfolded("reply-to")) or sender or NIL,
        _people(headers.undecoded("to")) or NIL,
        _people(headers.undecoded("cc")) or NIL,
        _people(headers.undecoded("bcc")) or NIL,
        _text(headers, "in-reply-to"),
        _text(headers, "message-id"),
    )
    return f"({' '.join(members)})"


def in_reply_to(form: bytes) -> str:
    """The text of In-Reply-To in such an envelope, "" where there is none."""
    found = _LAST_TWO.search(form)
    text = found[1] if found else None
    return _QUOTED_PAIR.sub(r"\1", text.decode("utf-8", "replace")) if text else ""


def _text(headers: Headers, name: str) -> str:
    """What is there but empty is an empty string, not NIL."""
    return quoted(headers.unfolded(name)) if name in headers else NIL


def _people(text: str) -> str:
    """The list of addresses, "" when there are none."""
    if not text:
        return ""
    return _people_short(text) if len(text) <= _SHORT else _list(text)


@lru_cache(maxsize=500)
def _people_short(text: str) -> str:
    return _list(text)


def _list(text: str) -> str:
    entries = read(text)
    few = len(entries) <= _MAX_U_LABELS
    found = "".join(_mark(entry) if isinstance(entry, GroupMark) else _address(entry, few) for entry in entries)
    return f"({found})" if found else ""


def _mark(mark: GroupMark) -> str:
    """The begin of a group has no host, its end no mailbox either."""
    return f"(NIL NIL {nstring(mark.name)} NIL)"


def _address(entry: Entry, few: bool) -> str:
    """Name, route, mailbox, host. The last two are never NIL, as that marks groups; "" stands for what is missing."""
    if entry.is_comment:
        return ""
    name, (mailbox, host) = entry.name, _split(entry.spec)
    if few and not host.isascii():
        host = _a_labels(host)
    if not entry.spec and " " not in name:
        # `From: root`
        name, mailbox = "", name
    return f"({nstring(name)} {nstring(entry.route)} {quoted(mailbox)} {quoted(host)})"


def _split(spec: str) -> tuple[str, str]:
    """Local part without quotes, and domain."""
    local, at, host = spec.rpartition("@")
    if not at:
        local, host = spec, ""
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = _QUOTED_PAIR.sub(r"\1", local[1:-1])
    return local, host


def _a_labels(domain: str) -> str:
    """The same domain for clients of every age; what is no domain stays."""
    if len(domain) > _MAX_DOMAIN:
        return domain
    try:
        return to_ascii(domain)
    except InvalidName:
        return domain
