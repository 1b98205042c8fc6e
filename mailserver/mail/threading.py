"""Which messages talk about the same thing, by subject (RFC 5256 §2.1)."""

from __future__ import annotations

import re

# Re and Fwd as mail programs of other languages write them.
_REPLY = (
    r"re|aw|sv|vs|antw|antwort|odp|ynt|rif|ref|res|resp|r[ée]p|ang|bls|vá|ha|ατ|απ|отв|відп"
    r"|回复|回覆|答复|答覆|返信|回信|답장|회신"
)
_FORWARD = (
    r"fwd?|wg|vb|tr|rv|enc|doorst|pd|i̇lt|ilt|vl|továbbítás|πρθ|пер|пересл"
    r"|转发|轉寄|轉發|転送|전달"
)
_BLOB = r"\[[^\[\]]*\]\s*"
_LEADER = re.compile(
    rf"(?:{_BLOB})*(?:{_REPLY}|{_FORWARD})\s*(?:\[[^\[\]]*\]|\(\d{{1,3}}\)|\d{{1,3}})?\s*[:：]\s*", re.I
)
_FIRST_BLOB = re.compile(_BLOB)
_TRAILER = re.compile(r"(?:\s*\(fwd\)|\s+)$", re.I)
_ENCLOSED = re.compile(r"\[fwd?:\s*(.*)\]", re.I | re.S)
_REPLY_START = re.compile(rf"(?:{_BLOB})*(?:{_REPLY})\s*(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\d{{1,3}})?\s*[:：]", re.I)
_FORWARD_START = re.compile(rf"(?:{_BLOB})*(?:{_FORWARD})\s*[:：]", re.I)
_MAX_SUBJECT = 998


def base_subject(subject: str) -> str:
    """The subject without reply and forward marks, list tags in front of text and spare white space."""
    text = " ".join(subject[:_MAX_SUBJECT].split())
    while True:
        before = text
        text = _TRAILER.sub("", text)
        leader = _LEADER.match(text)
        if leader:
            text = text[leader.end() :]
            continue
        blob = _FIRST_BLOB.match(text)
        if blob and text[blob.end() :]:
            text = text[blob.end() :]
            continue
        enclosed = _ENCLOSED.fullmatch(text)
        if enclosed:
            text = enclosed[1]
        if text == before:
            return text


def is_reply(subject: str) -> bool:
    """Whether the subject begins with a reply mark in any of the languages known here."""
    return bool(_REPLY_START.match(subject.lstrip()))


def is_forward(subject: str) -> bool:
    """Whether the subject begins with a forward mark."""
    return bool(_FORWARD_START.match(subject.lstrip()))


def bare_subject(subject: str) -> str:
    """The subject without the marks of replies in front: what a conversation is called. Case and `Fwd:` stay."""
    bare = subject.strip()
    while found := _REPLY_START.match(bare):
        bare = bare[found.end() :].strip()
    return bare or subject
