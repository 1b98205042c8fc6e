"""Signing in, ID, ENABLE, COMPRESS and quotas (RFC 9051 §6.1 to §6.3, RFC 2971, 4959, 4978, 9208)."""

from __future__ import annotations

import re
from base64 import b64decode

from mailserver.servers.imap.grammar import names
from mailserver.servers.imap.grammar.lexer import MAX_NUMBER64, Lexer
from mailserver.servers.imap.grammar.sessioncommands import (
    Authenticate,
    Compress,
    Enable,
    GetQuota,
    Id,
    Login,
    SetQuota,
)

_BASE64 = re.compile(rb"(?![ =])(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?(?= |\Z)")
_MAX_ID_FIELDS = 30


def authenticate(lexer: Lexer) -> Authenticate:
    mechanism = lexer.atom("mechanism").upper()
    return Authenticate(mechanism, _initial(lexer) if lexer.more() else None)


def login(lexer: Lexer) -> Login:
    user = names.text(lexer, "user name")
    lexer.space()
    return Login(user, names.text(lexer, "password"))


def identity(lexer: Lexer) -> Id:
    if lexer.accept_word("NIL"):
        return Id()
    fields = lexer.listed(lambda: _id_field(lexer), empty=True)
    if len(fields) > _MAX_ID_FIELDS:
        raise lexer.wrong(f"at most {_MAX_ID_FIELDS} fields")
    return Id(fields)


def enable(lexer: Lexer) -> Enable:
    found = [lexer.atom("capability").upper()]
    while lexer.more():
        found.append(lexer.atom("capability").upper())
    return Enable(tuple(dict.fromkeys(found)))


def compress(lexer: Lexer) -> Compress:
    return Compress(lexer.atom("mechanism").upper())


def get_quota(lexer: Lexer) -> GetQuota:
    return GetQuota(names.text(lexer, "quota root"))


def set_quota(lexer: Lexer) -> SetQuota:
    root = names.text(lexer, "quota root")
    lexer.space()
    return SetQuota(root, lexer.listed(lambda: _limit(lexer), empty=True))


def _initial(lexer: Lexer) -> bytes:
    """RFC 4959 §3: `=` is an answer without octets."""
    if found := lexer.match(_BASE64):
        return b64decode(found[0])
    lexer.expect(b"=")
    return b""


def _id_field(lexer: Lexer) -> tuple[str, str | None]:
    name = names.string(lexer, "field")
    lexer.space()
    return name, None if lexer.accept_word("NIL") else names.string(lexer, "value")


def _limit(lexer: Lexer) -> tuple[str, int]:
    resource = lexer.atom("resource").upper()
    lexer.space()
    return resource, lexer.number("limit", most=MAX_NUMBER64)
