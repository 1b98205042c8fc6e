"""Trace headers (RFC 5321 §4.4): what a server writes in front of a message it takes or delivers."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime

_UNSAFE = re.compile(r"[^\x21-\x7e\x80-\U0010ffff]|[()<>;\\]")
_DELIVERED_TO = re.compile(rb"^delivered-to[ \t]*:(?:[ \t]|\r\n[ \t])*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)

_RECEIVED_FIELD = re.compile(rb"^received[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_PASSED = re.compile(r"\bby ([^\s;()]+)[^;]{0,200}? id ([^\s;()]{1,64})")
_LONGEST_RECEIVED = 2000


def return_path(sender: str) -> bytes:
    """`Return-Path: <sender>`; empty for a bounce."""
    return f"Return-Path: <{sender}>\r\n".encode()


def delivered_to(address: str) -> bytes:
    """`Delivered-To: address`, which also stops loops."""
    return f"Delivered-To: {address}\r\n".encode()


def received(
    *, helo: str, peer: str, by: str, protocol: str, tls: str, reference: str, recipient: str, at: datetime
) -> bytes:
    """A Received header, folded. `tls` as `TLSv1.3 NAME` or "", `recipient` "" when there are several (privacy).

    What the peer said of itself is cut and freed of characters that would end a word or the field.
    """
    source = f"from {_word(helo) or 'unknown'}" + (f" ([{_word(peer)}])" if peer else "")
    lines = [f"Received: {source}", f"by {_word(by)} with {protocol}" + (f" ({tls})" if tls else "")]
    lines.append(f"id {reference}" + (f" for <{recipient}>" if recipient else "") + ";")
    return "\r\n\t".join([*lines, format_datetime(at)]).encode() + b"\r\n"


def count_received(header: bytes) -> int:
    """How many Received fields a header block has; above a bound it is a loop (RFC 5321 §6.3)."""
    return len(_RECEIVED.findall(header))


def references(header: bytes, by: str) -> list[str]:
    """The numbers in those Received fields of a header block that say they were written by the server `by`."""
    if by.isascii() and by.lower().encode() not in header.lower():
        return []
    found = (_PASSED.search(unfolded) for unfolded in map(_unfolded, _RECEIVED_FIELD.findall(header)))
    return [match[2] for match in found if match and match[1].lower() == by.lower()]


def marks(header: bytes) -> frozenset[str]:
    """The addresses that a header block's Delivered-To fields name, in lower case: who passed the message on before."""
    return frozenset(found.decode("utf-8", "replace").strip().lower() for found in _DELIVERED_TO.findall(header))


def _unfolded(field: bytes) -> str:
    return " ".join(field[:_LONGEST_RECEIVED].decode("latin-1").split())


def _word(text: str) -> str:
    return _UNSAFE.sub("", text)[:255]
