"""Every command: its handler and where it may stand. What is not here is unknown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailserver.servers.pop3.commands import abilities, leave, listing, marks, reading, signin, stls
from mailserver.servers.pop3.replies import Reply
from mailserver.servers.pop3.session import State

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection

# None: the handler has said all there is to say.
Handler = Callable[["Connection", str], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class Command:
    """`states` is where it may be given; `alone`: takes no argument."""

    run: Handler
    states: State
    alone: bool = False


COMMANDS: Mapping[str, Command] = {
    "CAPA": Command(abilities.capa, State.ANY, alone=True),
    "UTF8": Command(abilities.utf8, State.AUTHORIZATION, alone=True),
    "STLS": Command(stls.stls, State.AUTHORIZATION, alone=True),
    "USER": Command(signin.user, State.AUTHORIZATION),
    "PASS": Command(signin.password, State.AUTHORIZATION),
    "AUTH": Command(signin.auth, State.AUTHORIZATION),
    "STAT": Command(listing.stat, State.TRANSACTION, alone=True),
    "LIST": Command(listing.sizes, State.TRANSACTION),
    "UIDL": Command(listing.unique_ids, State.TRANSACTION),
    "RETR": Command(reading.retr, State.TRANSACTION),
    "TOP": Command(reading.top, State.TRANSACTION),
    "DELE": Command(marks.dele, State.TRANSACTION),
    "RSET": Command(marks.rset, State.TRANSACTION, alone=True),
    "NOOP": Command(marks.noop, State.TRANSACTION, alone=True),
    "QUIT": Command(leave.quit_session, State.ANY, alone=True),
}
