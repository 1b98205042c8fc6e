"""What one SMTP session knows: the client, and the message under way."""

from __future__ import annotations

import ssl
from asyncio import BaseTransport
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from mailserver.mail.addresses import Address
from mailserver.mail.dsnwishes import EnvelopeWishes, RecipientWishes
from mailserver.mail.replies import Reply
from mailserver.net.tls import describe
from mailserver.services.login import Login
from mailserver.services.refusals import Refusal
from mailserver.services.routing import Route


@dataclass(slots=True)
class Client:
    """Who is connected. `tls` is `TLSv1.3 TLS_AES_256_GCM_SHA384` or "" in clear; `helo` "" before the greeting."""

    peer: str
    tls: str = ""
    helo: str = ""
    extended: bool = False
    login: Login | None = None

    @classmethod
    def of(cls, transport: BaseTransport) -> Client:
        name = transport.get_extra_info("peername")
        session: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        return cls(str(name[0]) if isinstance(name, tuple) else "", describe(session) if session else "")

    def protocol(self, smtputf8: bool) -> str:
        """The word after `with` in the Received field of a message (RFC 3848, RFC 6531 §4.3)."""
        if not self.extended:
            return "SMTP"
        return ("UTF8SMTP" if smtputf8 else "ESMTP") + ("S" if self.tls else "") + ("A" if self.login else "")

    def refusal(self, door: str, sender: str, recipient: str, reply: Reply) -> Refusal:
        """What the timeline keeps of mail that was not taken."""
        login = self.login.address if self.login else ""
        return Refusal(datetime.now(UTC), door, self.peer, self.helo, self.tls, login, sender, recipient, str(reply))


@dataclass(slots=True)
class Transaction:
    """A message between MAIL and the end of its content. `sender` None is the null sender; `size` 0 if not declared."""

    sender: Address | None
    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    require_tls: bool = False
    recipients: list[Address] = field(default_factory=list)
    # Where the MX door will file it and pass it on to, found at RCPT.
    routes: list[Route] = field(default_factory=list)
    refused: int = 0
    # When it is to leave, if not at once (RFC 4865).
    release: datetime | None = None
    # What the sender wants to hear of (RFC 3461), in all and for each of `recipients`.
    wishes: EnvelopeWishes = field(default_factory=EnvelopeWishes)
    recipient_wishes: list[RecipientWishes] = field(default_factory=list)

    @property
    def return_path(self) -> str:
        return str(self.sender) if self.sender else ""


class Door(Protocol):
    """What a listener is for: it decides each reply from the services' answers. May raise any domain error."""

    name: str
    signs_in: bool
    max_recipients: int

    async def sender(self, client: Client, transaction: Transaction) -> Reply: ...

    async def recipient(self, client: Client, transaction: Transaction, address: Address) -> Reply: ...

    async def message(self, client: Client, transaction: Transaction, content: bytes) -> Reply: ...
