"""From the pieces of a command to its value. Nothing but `ParseError` is ever raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mailserver.servers.imap.grammar import (
    account,
    appending,
    fetch,
    listing,
    mailboxes,
    messages,
    names,
    notifying,
    ordering,
    search,
)
from mailserver.servers.imap.grammar import mailboxcommands as boxes
from mailserver.servers.imap.grammar import messagecommands as mail
from mailserver.servers.imap.grammar import sessioncommands as session
from mailserver.servers.imap.grammar.commands import Command, Line
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.lexer import Lexer
from mailserver.servers.imap.grammar.pieces import Piece, tag_of

Read = Callable[[Lexer], Command]

_ALONE: Mapping[str, Command] = {
    "CAPABILITY": session.Capability(),
    "NOOP": session.Noop(),
    "LOGOUT": session.Logout(),
    "STARTTLS": session.StartTls(),
    "NAMESPACE": session.Namespace(),
    "IDLE": session.Idle(),
    "CHECK": mail.Check(),
    "CLOSE": mail.Close(),
    "UNSELECT": mail.Unselect(),
    "EXPUNGE": mail.Expunge(),
}
# The same with UID before them.
_BY_UID: Mapping[str, Callable[..., Command]] = {
    "COPY": messages.copy,
    "FETCH": fetch.fetch,
    "MOVE": messages.move,
    "REPLACE": appending.replace,
    "SEARCH": search.search,
    "SORT": ordering.sort,
    "STORE": messages.store,
    "THREAD": ordering.thread,
}
_UID: Mapping[str, Read] = {
    "EXPUNGE": messages.uid_expunge,
    **{name: partial(read, uid=True) for name, read in _BY_UID.items()},
}


def _uid(lexer: Lexer) -> Command:
    read = _UID.get(lexer.word("command"))
    if read is None:
        raise ParseError("Unknown command after UID")
    lexer.space()
    return read(lexer)


_READ: Mapping[str, Read] = {
    "APPEND": appending.append,
    "AUTHENTICATE": account.authenticate,
    "COMPRESS": account.compress,
    "CREATE": mailboxes.create,
    "DELETE": lambda lexer: boxes.Delete(names.mailbox(lexer)),
    "ENABLE": account.enable,
    "EXAMINE": partial(mailboxes.select, read_only=True),
    "GETQUOTA": account.get_quota,
    "GETQUOTAROOT": lambda lexer: session.GetQuotaRoot(names.mailbox(lexer)),
    "ID": account.identity,
    "LIST": listing.list_mailboxes,
    "LOGIN": account.login,
    "LSUB": listing.lsub,
    "NOTIFY": notifying.notify,
    "RENAME": mailboxes.rename,
    "SELECT": partial(mailboxes.select, read_only=False),
    "SETQUOTA": account.set_quota,
    "STATUS": listing.status,
    "SUBSCRIBE": lambda lexer: boxes.Subscribe(names.mailbox(lexer)),
    "UID": _uid,
    "UNSUBSCRIBE": lambda lexer: boxes.Unsubscribe(names.mailbox(lexer)),
    "XLIST": listing.xlist,
    **{name: partial(read, uid=False) for name, read in _BY_UID.items()},
}


def parse(pieces: Sequence[Piece], *, utf8: bool = False) -> Line:
    """One command. `pieces`: lines without CRLF and without the marks of literals, and in turn with them the literals.

    `utf8`: mailbox names are in UTF-8, as agreed by ENABLE; octets above 127 are taken as UTF-8 in any case.
    """
    first = pieces[0] if pieces else b""
    tag = tag_of(first) if isinstance(first, bytes) else None
    if tag is None:
        raise ParseError("A command begins with its tag")
    try:
        lexer = Lexer(pieces, utf8=utf8)
        lexer.expect(tag.encode("ascii"))
        lexer.space()
        command = _command(lexer)
        lexer.end()
    except ParseError as error:
        error.tag = tag
        raise
    return Line(tag, command)


def _command(lexer: Lexer) -> Command:
    name = lexer.word("command")
    if name in _ALONE:
        return _ALONE[name]
    read = _READ.get(name)
    if read is None:
        raise ParseError("Unknown command")
    lexer.space()
    return read(lexer)
