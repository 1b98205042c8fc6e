"""A session with one remote SMTP server: call, greeting, encryption, messages, QUIT."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from dataclasses import replace
from datetime import UTC, datetime

from mailserver.net import smtp_auth, smtp_security
from mailserver.net.mx import Hop
from mailserver.net.smtp_dialogue import Dialogue
from mailserver.net.smtp_results import ConnectionBroken, Outgoing, Protection, Result, SmtpFailure, Timeouts
from mailserver.net.smtp_security import Secured, TlsFailed
from mailserver.net.smtp_transaction import Transaction
from mailserver.net.smtp_wire import Answer, Wire
from mailserver.net.tls_findings import TlsFinding
from mailserver.net.tls_policy import Rung
from mailserver.net.transcript import Transcript

# How long an orderly close may take once nothing depends on it.
_CLOSE_PATIENCE = 1.0


class Connection:
    """A session with one server, ready for messages. Made by `open`, ended by `quit` or `abandon`."""

    def __init__(self, hop: Hop, hostname: str, timeouts: Timeouts, dialogue: Dialogue) -> None:
        self.hop = hop
        self.extensions: dict[str, str] = {}
        self.usable = True
        self.in_doubt = False
        self.secured = Secured("clear", encrypted=False)
        self.begun = False
        self.messages = 0
        self.opened = f"{datetime.now(UTC):%H:%M:%S} UTC"
        self._hostname = hostname
        self._timeouts = timeouts
        self._dialogue = dialogue
        self._needs_reset = False
        self._told: tuple[Secured, Protection] | None = None

    @classmethod
    async def open(
        cls,
        hop: Hop,
        *,
        hostname: str,
        timeouts: Timeouts,
        transcript: Transcript,
        deadline: float | None = None,
        findings: list[TlsFinding] | None = None,
    ) -> Connection:
        """Calls the hop and says EHLO (or HELO) as `hostname`, protected as the hop's policy asks, and signs in.

        Encryption is opportunistic by default: a failed handshake costs a second call in clear (RFC 7435 §4). A policy
        that asks for more refuses instead. `deadline` is in the event loop's time; to `findings` is added how the
        session is counted. Raises SmtpFailure.
        """
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + timeouts.total
        findings = [] if findings is None else findings
        policy, trouble = hop.policy, ""
        if policy.level == "never":
            transcript.note(f"{hop.host} is not called: {policy.reason}")
            findings += smtp_security.finding(hop, policy.finding, policy.reason) if policy.finding else ()
            raise SmtpFailure(0, policy.status, policy.reason)
        for number, rung in enumerate(policy.rungs, 1):
            try:
                connection = await cls._opened(hop, hostname, timeouts, transcript, deadline, rung=rung)
            except TlsFailed as failed:
                findings += smtp_security.finding(hop, failed.result, failed.text) if not trouble else ()
                if number == len(policy.rungs):
                    transcript.note(f"No mail for {hop.host} without proper encryption: {failed.text}")
                    raise SmtpFailure(0, failed.status, failed.text) from failed
                trouble = failed.text
                without = "it" if policy.rungs[number] == "clear" else "looking at the certificate"
                transcript.note(f"Encryption failed: {failed.text}. Calling again without {without}")
                continue
            if not trouble:
                findings += smtp_security.finding(hop, *connection._counted())
            connection.secured = replace(connection.secured, trouble=trouble)
            return connection
        raise AssertionError("the last way returns or raises")

    @property
    def protection(self) -> Protection:
        """How it is protected, in words: the same for each message on it."""
        if self._told is None or self._told[0] is not self.secured:
            self._told = self.secured, smtp_security.protection(self.hop.policy, self.secured)
        return self._told[1]

    @property
    def tls(self) -> str:
        """`TLSv1.3 TLS_AES_256_GCM_SHA384`, or '' in clear."""
        return self._dialogue.wire.tls

    async def send_message(self, outgoing: Outgoing, deadline: float | None = None) -> list[Result]:
        """A result for each recipient; never raises for what the server does.

        Recipients that one transaction has no room for go into the next on this connection. Afterwards `usable`
        says whether another message may follow, `in_doubt` whether the server may have taken this one unseen, `begun`
        whether it agreed to hear of it.
        """
        self.messages += 1
        self.begun = False
        if deadline is not None:
            self._dialogue.deadline = deadline
        results: dict[str, Result] = {}
        left = list(outgoing.recipients)
        while left:
            part = outgoing if len(left) == len(outgoing.recipients) else replace(outgoing, recipients=tuple(left))
            transaction = Transaction(self._dialogue, self.hop, self.extensions, part, self._timeouts)
            await transaction.run(reset=self._needs_reset)
            results |= transaction.results
            self._needs_reset = transaction.left_open
            self.in_doubt = transaction.in_doubt
            self.begun = self.begun or transaction.begun
            self.usable = not transaction.broken and self._dialogue.farewell is None
            left = transaction.overflow if self.usable else []
        return [results[r] for r in outgoing.recipients]

    def turn_to(self, transcript: Transcript) -> None:
        """What is said from here on belongs to another message."""
        self._dialogue.transcript = transcript

    @property
    def stands(self) -> bool:
        """Whether a kept session can be used: a server that has said something since has said goodbye."""
        return self.usable and self._dialogue.wire.silent

    async def quit(self) -> None:
        """Says QUIT and closes; what the server makes of it changes nothing any more (RFC 5321 §4.1.1.10)."""
        if not self.usable:
            await self.abandon()
            return
        self.usable = False
        try:
            await self._dialogue.command("QUIT", self._timeouts.quit)
        except ConnectionBroken as broken:
            self._dialogue.confess(broken)
        await self._dialogue.wire.close(_CLOSE_PATIENCE)

    async def abandon(self) -> None:
        """Closes without a word, for a session that went wrong."""
        self.usable = False
        await self._dialogue.wire.close(0)

    @classmethod
    async def _opened(
        cls,
        hop: Hop,
        hostname: str,
        timeouts: Timeouts,
        transcript: Transcript,
        deadline: float,
        *,
        rung: Rung,
    ) -> Connection:
        transcript.note(f"Calling {hop}")
        try:
            wire = await _call(hop, timeouts.connect)
        except SmtpFailure as failure:
            transcript.note(failure.text)
            raise
        dialogue = Dialogue(wire, transcript, deadline)
        connection = cls(hop, hostname, timeouts, dialogue)
        try:
            await connection._begin(rung)
        except ConnectionBroken as broken:
            dialogue.confess(broken)
            await connection.abandon()
            raise
        except SmtpFailure:
            await connection.quit()  # RFC 5321 §3.1: a client that is sent away still says QUIT
            raise
        except BaseException:
            await connection.abandon()
            raise
        return connection

    async def _begin(self, rung: Rung) -> None:
        """Greeting, EHLO and, when offered and wanted, TLS with a second EHLO; then our name, if the hop wants it."""
        greeting = await self._dialogue.answer(self._timeouts.greeting)
        if not greeting.positive:
            raise _refused(greeting)
        await self._hello()
        if rung != "clear" and "STARTTLS" in self.extensions:
            await self._start_tls(rung)
        if not self.tls and self.hop.policy.strict:
            raise smtp_security.not_offered(self.hop)
        if self.hop.login:
            await smtp_auth.sign_in(self._dialogue, self.extensions, self.hop.login, self._timeouts.hello)

    async def _hello(self) -> None:
        """EHLO, or HELO for a server that does not know it (RFC 5321 §3.2, §4.1.4)."""
        hello = await self._dialogue.command(f"EHLO {self._hostname}", self._timeouts.hello)
        if hello.permanent:
            hello = await self._dialogue.command(f"HELO {self._hostname}", self._timeouts.hello)
            self.extensions = {}
        else:
            self.extensions = _extensions(hello)
        if not hello.positive:
            raise _refused(hello)

    async def _start_tls(self, rung: Rung) -> None:
        """STARTTLS (RFC 3207 §4). Raises TlsFailed when the connection is lost by it."""
        try:
            answer = await self._dialogue.command("STARTTLS", self._timeouts.starttls)
            if answer.positive:
                await self._encrypt(rung)
            elif not self.hop.policy.strict:
                self._dialogue.transcript.note("The server offered encryption but refuses it now; going on in clear")
        except ConnectionBroken as broken:
            raise TlsFailed("validation-failure", broken.text) from broken
        except OSError as failed:
            raise smtp_security.broken(failed) from failed

    async def _encrypt(self, rung: Rung) -> None:
        if self._dialogue.wire.unread:
            # RFC 3207 §6: words in clear that would be taken for words under TLS. Somebody is in between.
            raise TlsFailed("validation-failure", "the server spoke on in clear after agreeing to encrypt")
        async with self._dialogue.patience(self._timeouts.starttls, "no TLS handshake"):
            proof = await smtp_security.encrypt(self._dialogue.wire, self.hop, rung)
        self.secured = Secured(rung, encrypted=True, proof=proof)
        self._dialogue.transcript.note(f"Encrypted from here: {self.tls}" + (f"; {proof}" if proof else ""))
        # What was offered in clear counts no more (RFC 3207 §4.2). With TLS 1.3 a server that rejects the
        # handshake is heard only now.
        await self._hello()

    def _counted(self) -> tuple[str, str, str]:
        """Result, reason and our own address, for the counts of RFC 8460."""
        policy = self.hop.policy
        encrypted = (policy.finding, policy.reason)
        words = encrypted if self.tls else ("starttls-not-supported", "The server offers no encryption")
        return *words, self._dialogue.wire.own_address


async def _call(hop: Hop, seconds: float) -> Wire:
    """A TCP connection to the hop. Raises SmtpFailure with status 4.4.1."""
    try:
        async with asyncio.timeout(seconds):
            return await Wire.connect(hop.address, hop.port)
    except TimeoutError as late:
        raise SmtpFailure(0, "4.4.1", f"{hop} did not answer within {seconds:g} seconds") from late
    except OSError as failed:
        raise SmtpFailure(0, "4.4.1", f"{hop}: {_reason(failed)}") from failed


def _reason(failed: OSError) -> str:
    """What the system said, in the words of its C library when it gave a number only."""
    if failed.errno == errno.ECONNREFUSED:
        return "nobody takes mail there (connection refused)"
    if isinstance(failed, ssl.SSLError):
        return failed.reason or str(failed)
    return os.strerror(failed.errno) if failed.errno else str(failed) or type(failed).__name__


def _refused(answer: Answer) -> SmtpFailure:
    return SmtpFailure(answer.code, answer.enhanced, answer.text)


def _extensions(hello: Answer) -> dict[str, str]:
    """Keyword to parameters of each line but the first, which holds the server's name (RFC 5321 §4.1.1.1)."""
    lines = (line[4:].strip().partition(" ") for line in hello.lines[1:])
    return {keyword.upper(): parameters for keyword, _, parameters in lines}
