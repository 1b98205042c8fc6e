"""SELECT, EXAMINE and what makes, names and removes mailboxes (RFC 9051 §6.3, RFC 6154, 7162)."""

from __future__ import annotations

from mailserver.mail.numbersets import Runs
from mailserver.servers.imap.grammar import names, sets
from mailserver.servers.imap.grammar.lexer import MAX_NUMBER64, Lexer
from mailserver.servers.imap.grammar.mailboxcommands import Create, Qresync, Rename, Select

_USES = ("All", "Archive", "Drafts", "Flagged", "Important", "Junk", "Sent", "Trash")
_USE = {use.upper(): use for use in _USES}


def select(lexer: Lexer, *, read_only: bool) -> Select:
    mailbox = names.mailbox(lexer)
    condstore = False
    qresync: Qresync | None = None

    def read() -> None:
        nonlocal condstore, qresync
        if lexer.one_of(("CONDSTORE", "QRESYNC"), "parameter") == "CONDSTORE":
            condstore = True
            return
        lexer.space()
        qresync = _qresync(lexer)

    if lexer.more():
        lexer.listed(read)
    return Select(mailbox, read_only, condstore, qresync)


def create(lexer: Lexer) -> Create:
    mailbox = names.new_mailbox(lexer)
    uses: tuple[str, ...] = ()
    if lexer.more():
        lexer.expect(b"(")
        lexer.spaces()
        lexer.one_of(("USE",), "parameter")
        lexer.space()
        uses = tuple(dict.fromkeys(lexer.listed(lambda: _use(lexer), empty=True)))
        lexer.spaces()
        lexer.expect(b")")
    return Create(mailbox, uses)


def rename(lexer: Lexer) -> Rename:
    mailbox = names.mailbox(lexer)
    lexer.space()
    return Rename(mailbox, names.new_mailbox(lexer))


def _use(lexer: Lexer) -> str:
    lexer.expect(b"\\")
    name = lexer.atom("special use")
    return f"\\{_USE.get(name.upper(), name)}"


def _qresync(lexer: Lexer) -> Qresync:
    """RFC 7162 §3.2.5: (uidvalidity modseq [known-uids] [(known-numbers known-uids)])."""
    lexer.expect(b"(")
    uidvalidity = lexer.number("UIDVALIDITY", least=1)
    lexer.space()
    modseq = lexer.number("modseq", least=1, most=MAX_NUMBER64)
    uids: Runs | None = None
    matches: tuple[Runs, Runs] | None = None
    if lexer.spaces() and not lexer.comes(b"("):
        uids = sets.sequence(lexer, star=False)
        lexer.spaces()
    if lexer.accept(b"("):
        numbers = sets.sequence(lexer, star=False)
        lexer.space()
        matches = numbers, sets.sequence(lexer, star=False)
        lexer.expect(b")")
    lexer.expect(b")")
    return Qresync(uidvalidity, modseq, uids, matches)
