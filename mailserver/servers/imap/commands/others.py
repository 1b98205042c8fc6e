"""CAPABILITY, NOOP, LOGOUT, CHECK, ID, ENABLE, NAMESPACE: about the session and the server, not about mail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mailserver.servers.imap import capabilities
from mailserver.servers.imap.grammar import messagecommands as messages
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.responses import Done

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

logger = logging.getLogger(__name__)

_TOLD = 30


async def capability(session: Session, command: commands.Capability) -> Done:
    session.say(f"CAPABILITY {capabilities.words(session)}")
    return Done("That is all.")


async def noop(session: Session, command: commands.Noop) -> Done:
    return Done("Done.")


async def check(session: Session, command: messages.Check) -> Done:
    return Done("Everything is on the disk.")


async def logout(session: Session, command: commands.Logout) -> Done:
    session.say("BYE Until next time.")
    session.end()
    return Done("Done.")


async def identify(session: Session, command: commands.Id) -> Done:
    """RFC 2971. Always answered with an untagged ID: some versions of Outlook wait for it."""
    named = {name.lower(): value for name, value in command.fields if value}
    client = " ".join(named[key] for key in ("name", "version") if key in named)
    # It is for statistics and bug reports, never to treat a client differently (§1).
    shown = "".join(char if char.isascii() and char.isprintable() else "?" for char in client[:_TOLD])
    logger.info("imap %s: %s", session.connection.peer, shown)
    session.say('ID ("name" "Correio")')
    return Done("Pleased to meet you.")


async def enable(session: Session, command: commands.Enable) -> Done:
    """RFC 5161. What is not known is passed over."""
    offered = {name for name in capabilities.ENABLEABLE if not capabilities.is_hidden(session, name)}
    wanted = [name for name in command.capabilities if name in offered]
    fresh = [name for name in dict.fromkeys(wanted) if name not in session.enabled]
    session.enabled |= set(wanted)
    if "QRESYNC" in wanted:
        session.enabled.add("CONDSTORE")
    spelled = ("IMAP4rev2" if name == "IMAP4REV2" else name for name in fresh)
    session.say(" ".join(["ENABLED", *spelled]))
    return Done("Done.")


async def namespace(session: Session, command: commands.Namespace) -> Done:
    """RFC 2342: all folders are the account's own."""
    session.say('NAMESPACE (("" "/")) NIL NIL')
    return Done("That is all.")
