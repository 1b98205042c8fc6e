"""IDLE (RFC 2177): tell what happens until the client says DONE. It may idle without a mailbox, as Outlook does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.reader import Ends
from mailserver.servers.imap.responses import Done, bad

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def idle(session: Session, command: commands.Idle) -> Done:
    session.connection.say(b"+ Idling\r\n")
    updates = session.updates
    updates.idling = True
    try:
        # What came before we were listening.
        if updates.watched:
            await updates.sync(expunges=True)
        await session.flush()
        await _until_something_comes(session)
    finally:
        updates.idling = False
    line = await session.reader.line()
    if line.strip().upper() != b"DONE":
        raise bad("Only DONE ends IDLE.")
    return Done("No longer idling.")


async def _until_something_comes(session: Session) -> None:
    limits, loop = session.site.limits, asyncio.get_running_loop()
    until = loop.time() + limits.idle
    stream = session.connection.input
    while not stream and not stream.ended:
        left = until - loop.time()
        try:
            async with asyncio.timeout(min(left, limits.sign_of_life)):
                await session.updates.push()
                session.go_on()
                await stream.stir()
        except TimeoutError:
            if left <= limits.sign_of_life:
                raise Ends("You were silent for too long.") from None
            session.say("OK Still here")
            await session.flush()
