"""Every command: its handler and where it may stand. What is not here is answered `500 5.5.1`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailserver.mail.replies import Reply
from mailserver.servers.smtp.commands import content, envelope, hello, others, signin, starttls

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection

# None: the handler has said all there is to say.
Handler = Callable[["Connection", str], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class Command:
    """`alone`: takes no argument. `after_hello`: HELO or EHLO comes first. `idle`: brings no message forward."""

    run: Handler
    alone: bool = False
    after_hello: bool = False
    idle: bool = False


COMMANDS: Mapping[str, Command] = {
    "HELO": Command(hello.helo, idle=True),
    "EHLO": Command(hello.ehlo, idle=True),
    "STARTTLS": Command(starttls.starttls, alone=True),
    "AUTH": Command(signin.auth, after_hello=True),
    "MAIL": Command(envelope.mail, after_hello=True),
    "RCPT": Command(envelope.rcpt, after_hello=True),
    "DATA": Command(content.data, alone=True, after_hello=True),
    "RSET": Command(others.rset, alone=True, idle=True),
    "NOOP": Command(others.noop, idle=True),
    "VRFY": Command(others.vrfy, idle=True),
    "EXPN": Command(others.expn, idle=True),
    "HELP": Command(others.help_text, idle=True),
    "QUIT": Command(others.quit_session, alone=True),
}
