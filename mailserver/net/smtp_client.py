"""SMTP to other servers: `deliver` takes one message through the hops of its destination.

How it is made: a `Connection` (smtp_connection) is a session with one server, to be kept for more messages or
ended; it holds a `Dialogue` (smtp_dialogue: commands and answers in step) over a `Wire` (smtp_wire: lines and
replies) and runs a `Transaction` (smtp_transaction: MAIL to end mark) for each message. What was said is in
the `Transcript` (transcript), the values are in smtp_results.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mailserver.net import smtp_security
from mailserver.net.mx import Hop
from mailserver.net.smtp_connection import Connection
from mailserver.net.smtp_kept import Kept
from mailserver.net.smtp_results import Line, Outcome, Outgoing, Protection, Report, Result, SmtpFailure, Timeouts
from mailserver.net.tls_findings import TlsFinding
from mailserver.net.transcript import Transcript

__all__ = ["Connection", "Kept", "Line", "Outgoing", "Report", "Result", "Timeouts", "Transcript", "deliver"]

logger = logging.getLogger(__name__)


async def deliver(
    hops: Sequence[Hop],
    outgoing: Outgoing,
    *,
    hostname: str,
    timeouts: Timeouts,
    kept: Kept | None = None,
    taken: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Sends one message, trying the hops in order; `hostname` is our name in EHLO.

    A recipient is settled by the first hop that takes or finally refuses it (2xx or 5xx to MAIL, RCPT, DATA or
    the message); one that is only deferred goes on to the next hop (RFC 5321 §5.1). A hop that sends us away
    before MAIL, be it with 5xx, speaks for itself and not for the mailbox (RFC 5321 §3.1, RFC 7504 §3), so the
    next one is asked; only when every hop refused for good is the message bounced (RFC 5321 §4.2.1), else it
    is deferred. After a connection lost between the end mark and its reply no other hop is tried, because the
    message may have arrived. `kept` holds the connection of an earlier message, and of this one for the next; when it
    turns out to be over before the server agreed to MAIL, the server is called again and that is no try.
    `taken` hears what is known as soon as a server has taken the message, before anything else is said to it; when
    nothing is, that is the report itself.
    Never raises for what servers or the network do; ValueError when there are no hops.
    """
    if not hops:
        raise ValueError("a delivery needs at least one hop")
    delivery = _Delivery(outgoing, hostname, timeouts, kept or Kept(), taken)
    for hop in delivery.kept.order([protected(hop, outgoing) for hop in hops]):
        if delivery.unsettled and not delivery.in_doubt and not delivery.too_late:
            await delivery.attempt(hop)
    return delivery.final()


@dataclass
class _Delivery:
    """What is known so far, over all hops."""

    outgoing: Outgoing
    hostname: str
    timeouts: Timeouts
    kept: Kept
    taken: Callable[[Report], None]
    transcript: Transcript = field(default_factory=Transcript)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: dict[str, Result] = field(default_factory=dict)
    turned_away: list[tuple[Hop, SmtpFailure]] = field(default_factory=list)
    in_doubt: bool = False
    reached: bool = False
    hop: Hop | None = None
    tls: str = ""
    protection: Protection = field(default_factory=Protection)
    findings: list[TlsFinding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._deadline = asyncio.get_running_loop().time() + self.timeouts.total
        # What was told when a server had taken the message, and how long the dialogue was then.
        self._told: tuple[int, Report] | None = None

    @property
    def unsettled(self) -> list[str]:
        return [r for r in self.outgoing.recipients if not _settled(self.results.get(r))]

    @property
    def too_late(self) -> bool:
        return asyncio.get_running_loop().time() >= self._deadline

    async def attempt(self, hop: Hop) -> None:
        self.hop, self.tls = hop, ""
        before = await self.kept.take(hop)
        if before and await self._again(before):
            return
        try:
            connection = await Connection.open(
                hop,
                hostname=self.hostname,
                timeouts=self.timeouts,
                transcript=self.transcript,
                deadline=self._deadline,
                findings=self.findings,
            )
        except SmtpFailure as failure:
            self.protection = smtp_security.protection(hop.policy, None, failure.text)
            self.turned_away.append((hop, failure))
            return
        if self.outgoing.require_tls and "REQUIRETLS" not in connection.extensions:
            # RFC 8689 §4.2.1: the next server would not pass the promise on.
            self.tls = connection.tls
            self.protection = connection.protection
            self.turned_away.append((hop, SmtpFailure(0, "5.7.30", f"{hop.host} does not support REQUIRETLS")))
            await self._take_leave(connection)
            return
        await self._send(connection)
        await self._part(connection)

    async def _again(self, connection: Connection) -> bool:
        """Over a connection that an earlier message was sent on; False when it had come to its end."""
        encrypted = f", {connection.tls}" if connection.tls else ""
        number = connection.messages + 1
        self.transcript.note(
            f"The same connection as before, opened at {connection.opened}{encrypted}: message {number} on it"
        )
        connection.turn_to(self.transcript)
        results, before = dict(self.results), self.reached
        await self._send(connection)
        if connection.usable or connection.begun:
            await self._part(connection)
            return True
        self.results, self.reached = results, before
        await connection.abandon()
        self.transcript.note("That connection was over before this message began")
        return False

    async def _send(self, connection: Connection) -> None:
        self.reached = True
        self.protection = connection.protection
        try:
            self.tls = connection.tls
            left = tuple(self.unsettled)
            part = self.outgoing if left == self.outgoing.recipients else replace(self.outgoing, recipients=left)
            for result in await connection.send_message(part, self._deadline):
                self.results[result.recipient] = result
            self.in_doubt = connection.in_doubt
            if any(result.outcome == "delivered" for result in self.results.values()):
                self._told = len(self.transcript), self.report()
                self.taken(self._told[1])
        except BaseException:
            await connection.abandon()
            raise

    async def _part(self, connection: Connection) -> None:
        if not self.kept.keep(connection):
            await self._take_leave(connection)

    async def _take_leave(self, connection: Connection) -> None:
        """QUIT. The results are in: whatever goes wrong now must not cost them, or delivered mail is sent again."""
        try:
            await connection.quit()
        except Exception:
            logger.warning("leaving %s failed", self.hop, exc_info=True)
            await connection.abandon()

    def final(self) -> Report:
        """The very report that was told, if nothing was said since."""
        if self._told and self._told[0] == len(self.transcript):
            return self._told[1]
        return self.report()

    def report(self) -> Report:
        results = [self.results.get(r) or self._unreached(r) for r in self.outgoing.recipients]
        finished = datetime.now(UTC)
        return Report(
            self.hop,
            self.tls,
            results,
            self.transcript.lines(),
            self.started,
            finished,
            self.reached,
            self.protection,
            tuple(self.findings),
        )

    def _unreached(self, recipient: str) -> Result:
        """The result of a recipient whom no hop was asked about."""
        for_now = [attempt for attempt in self.turned_away if not attempt[1].permanent]
        hop, failure = (for_now or self.turned_away)[-1]
        outcome: Outcome = "deferred" if for_now else "bounced"
        reached = hop if failure.code else None
        return Result(recipient, outcome, failure.code, failure.enhanced, failure.text, reached)


def protected(hop: Hop, outgoing: Outgoing) -> Hop:
    """The hop with the policy that counts for this message (RFC 8689): REQUIRETLS wins over `TLS-Required: No`."""
    if outgoing.require_tls:
        named = hop.secure or hop.source in ("route", "address")
        return replace(hop, policy=hop.policy.demanded(named=named))
    return replace(hop, policy=hop.policy.relaxed()) if outgoing.tls_optional else hop


def _settled(result: Result | None) -> bool:
    return result is not None and result.outcome != "deferred"
