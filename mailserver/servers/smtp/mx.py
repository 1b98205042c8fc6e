"""The door for other mail servers (port 25): mail for people who live here, and for nobody else."""

from __future__ import annotations

import asyncio
import logging

from mailserver.errors import CorreioError, OverQuota
from mailserver.mail import replies, srs, trace
from mailserver.mail.addresses import Address
from mailserver.mail.replies import Reply
from mailserver.mail.senderauth.results import Verdict
from mailserver.net.internet import is_public
from mailserver.net.rspamd import Envelope
from mailserver.net.scanners import Scan, Scanners
from mailserver.net.senderauth import SenderCheck
from mailserver.servers import bridge
from mailserver.servers.smtp.committer import Committer
from mailserver.servers.smtp.data import header
from mailserver.servers.smtp.paths import names_another_host
from mailserver.servers.smtp.session import Client, Transaction
from mailserver.services import confirmations, greylist, routing, wishes
from mailserver.services.confirmations import Wished
from mailserver.services.inbound import Incoming
from mailserver.services.route_cache import RouteCache
from mailserver.services.routing import Route, joined

logger = logging.getLogger(__name__)


class MxDoor:
    """`max_recipients` of one message; RFC 5321 §4.5.3.1.8 asks for at least 100.

    `check`: how senders are checked, None for not at all. Mail from loopback and private addresses (our own routes, a
    scanner in front of us, the demo) is checked only with `check_all`: no SPF record names such an address.
    `scanners` look at all mail, None for not at all.

    `committer` files what all sessions of the process bring.
    """

    name = "mx"
    signs_in = False

    def __init__(
        self,
        max_recipients: int = 1000,
        *,
        check: SenderCheck | None = None,
        check_all: bool = False,
        scanners: Scanners | None = None,
        committer: Committer | None = None,
    ) -> None:
        self.max_recipients = max_recipients
        self._check = check
        self._check_all = check_all
        self._scanners = scanners
        self.routes = RouteCache()
        self._asking: dict[Address, asyncio.Future[Route | None]] = {}
        self.committer = committer or Committer()

    async def sender(self, client: Client, transaction: Transaction) -> Reply:
        """Anybody may write, and `<>` always may: bounces come with it (RFC 5321 §4.5.5)."""
        self.committer.hear()
        return replies.SENDER_OK

    async def recipient(self, client: Client, transaction: Transaction, address: Address) -> Reply:
        self.committer.hear()
        if names_another_host(address.local) and not srs.is_rewritten(address.local):
            return replies.RELAY_DENIED
        found = self._at_hand(address, transaction.size) or await self._asked(client, transaction, address)
        if found is None:
            return replies.RELAY_DENIED
        transaction.routes.append(found)
        return replies.RECIPIENT_OK

    def _at_hand(self, address: Address, size: int) -> Route | None:
        """Most mail is for somebody who had some a moment ago: then a thread and a query are saved."""
        return None if greylist.is_on() or srs.is_rewritten(address.local) else self.routes.at_hand(address, size)

    async def _asked(self, client: Client, transaction: Transaction, address: Address) -> Route | None:
        """All that write to somebody come here at the same moment, when what was at hand is too old: one asks."""
        first = self._asking.get(address)
        if first is not None:
            await asyncio.wait([first])
            found = self._at_hand(address, transaction.size)
            if found is not None:
                return found
        asked = asyncio.ensure_future(
            bridge.run(
                route_for,
                routes=self.routes,
                address=address,
                size=transaction.size,
                sender=transaction.return_path,
                peer=client.peer,
            )
        )
        self._asking.setdefault(address, asked)
        try:
            return await asked
        finally:
            if self._asking.get(address) is asked:
                del self._asking[address]

    async def message(self, client: Client, transaction: Transaction, content: bytes) -> Reply:
        marks = trace.marks(header(content))
        route = joined(transaction.routes).unmarked(marks)
        if not route.mailboxes and not route.onward:
            return replies.TOO_MANY_HOPS
        verdict, scan = await self._examined(client, transaction, content)
        if scan.virus:
            return _virus_found(client, transaction, scan.virus)
        wished = _wished(transaction, marks, verdict)
        route = joined(wishes.carried(one.route, one.wishes) for one in wished)
        incoming = Incoming(
            raw=content,
            sender=transaction.return_path,
            recipients=route.mailboxes,
            onward=route.onward,
            peer=client.peer,
            helo=client.helo,
            tls=client.tls,
            protocol=client.protocol(transaction.smtputf8),
            eight_bit=transaction.eight_bit,
            smtputf8=transaction.smtputf8,
            require_tls=transaction.require_tls,
            verdict=verdict,
            found=scan.reasons,
            envelope_id=transaction.wishes.envelope_id,
            full_return=transaction.wishes.full_return,
        )
        try:
            stored = await self.committer.deliver(incoming)
        except CorreioError:
            logger.info("mx %s: not stored from <%s>: %s", client.peer, transaction.return_path, _summary(verdict))
            raise
        if any(one.told for one in wished):
            await bridge.run(confirmations.confirm, incoming=incoming, stored=stored, people=wished)
        logger.info(
            "mx %s: stored %s from <%s>, %d octets for %d recipients: %s",
            client.peer,
            stored.reference,
            transaction.return_path,
            len(content),
            len(transaction.recipients),
            _summary(verdict),
        )
        return replies.message_stored(stored.reference)

    async def _examined(self, client: Client, transaction: Transaction, content: bytes) -> tuple[Verdict | None, Scan]:
        """Before the group: what is slow delays its own session only."""
        if self._scanners is None:
            # Two tasks cost more than most checks, whose answers are at hand.
            return await self._verdict(client, transaction, content), Scan()
        # Both wait for others, so they do it together.
        scanning = self._scan(self._scanners, client, transaction, content)
        return await asyncio.gather(self._verdict(client, transaction, content), scanning)

    async def _scan(self, scanners: Scanners, client: Client, transaction: Transaction, content: bytes) -> Scan:
        recipients = [str(address) for address in transaction.recipients]
        envelope = Envelope(client.peer, client.helo, transaction.return_path, recipients)
        return await scanners.scan(content, envelope)

    async def _verdict(self, client: Client, transaction: Transaction, content: bytes) -> Verdict | None:
        if not self._check or not client.peer or not (self._check_all or is_public(client.peer)):
            return None
        return await self._check.check(content, peer=client.peer, helo=client.helo, sender=transaction.return_path)


def _wished(transaction: Transaction, marks: frozenset[str], verdict: Verdict | None) -> list[Wished]:
    """What the sender wants to hear of each recipient: successes only when it is credible that it sent this."""
    trusted = any(one.wants("SUCCESS") for one in transaction.recipient_wishes) and wishes.credible(
        transaction.return_path, verdict
    )
    people = zip(transaction.recipients, transaction.routes, transaction.recipient_wishes, strict=True)
    return [
        Wished(str(address), route.unmarked(marks), wished if trusted else wished.without_success())
        for address, route, wished in people
    ]


def _summary(verdict: Verdict | None) -> object:
    return verdict.summary() if verdict else "not checked"


def _virus_found(client: Client, transaction: Transaction, name: str) -> Reply:
    logger.warning("mx %s: refused from <%s>: clamd found %s", client.peer, transaction.return_path, ascii(name[:200]))
    shown = "".join(char for char in name if "!" <= char <= "~")[:100]
    return replies.VIRUS_FOUND.with_text(f"{replies.VIRUS_FOUND.text} ({shown})")


def route_for(*, routes: RouteCache, address: Address, size: int, sender: str, peer: str) -> Route | None:
    """Where mail to an address goes, None when it is not of this server. `sender` is "" for a report.

    Raises UnknownRecipient, RecipientDisabled, DomainDisabled, Greylisted; OverQuota when no mailbox of the route has
    room left, or room for the `size` the client announced.
    """
    if not sender and srs.is_rewritten(address.local):
        # The signature says that we passed the message on ourselves: no stranger, and no reason to wait.
        return routing.back(address)
    found = routes.resolve(address)
    if found is None:
        return None
    room = found.room()
    routes.note_room(address, room)
    if room < max(size, 1):
        raise OverQuota(f"The mailbox of {address} is full.")
    greylist.check(peer=peer, sender=sender, recipient=str(address))
    return found
