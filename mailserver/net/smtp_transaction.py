"""One mail transaction: MAIL, RCPT for each recipient, DATA, the message (RFC 5321 §3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from mailserver.net import smtp_wishes
from mailserver.net.mx import Hop
from mailserver.net.smtp_content import blocks, whole_lines
from mailserver.net.smtp_dialogue import END_OF_MESSAGE, Dialogue
from mailserver.net.smtp_results import ConnectionBroken, Outcome, Outgoing, Result, SmtpFailure, Timeouts
from mailserver.net.smtp_wire import Answer

# Reply codes with which a server says that one transaction takes no more recipients (RFC 5321 §4.5.3.1.10).
_TOO_MANY, _TOO_MANY_OF_RFC_821 = 452, 552


class Transaction:
    """Sends `outgoing` over an open session and settles every recipient in `results`, whatever happens.

    `extensions` is what EHLO offered, keyword to parameters. Afterwards:
    `overflow` are recipients refused only because this transaction was full: another may take them;
    `in_doubt` says that the end mark was sent and no reply came: the server may have the message;
    `left_open` says that the server still waits for the end of the transaction: RSET before the next;
    `broken` says that the connection is of no more use; `begun` that the server has agreed to MAIL.
    """

    def __init__(
        self, dialogue: Dialogue, hop: Hop, extensions: Mapping[str, str], outgoing: Outgoing, timeouts: Timeouts
    ) -> None:
        self.results: dict[str, Result] = {}
        self.overflow: list[str] = []
        self.in_doubt = False
        self.left_open = False
        self.broken = False
        self.begun = False
        self._dialogue = dialogue
        self._hop, self._tls = hop, dialogue.wire.tls
        self._extensions = extensions
        self._outgoing = outgoing
        self._timeouts = timeouts
        self._lines = whole_lines(outgoing.content)

    async def run(self, *, reset: bool = False) -> None:
        """`reset`: an earlier transaction was left open, so RSET comes first."""
        self._refuse_unsendable()
        recipients = self._unsettled()
        if not recipients:
            return
        try:
            if reset:
                await self._dialogue.command("RSET", self._timeouts.mail)
            accepted = await self._envelope(recipients)
            if accepted:
                await self._message(accepted)
        except ConnectionBroken as broken:
            self.broken = True
            self._dialogue.confess(broken)
            self._defer_rest(broken)

    def _refuse_unsendable(self) -> None:
        """Settles what this server cannot take by its own account, before a word is said about the message.

        8-bit content goes even to a server without 8BITMIME. RFC 6152 §3 asks for a conversion or a bounce; a
        conversion would break DKIM signatures, and servers of today pass the eighth bit whether they say so or
        not. Postfix does the same when its conversion is switched off.
        """
        limit = self._extensions.get("SIZE", "")
        if limit.isdigit() and 0 < int(limit) < len(self._lines):
            text = f"The message has {len(self._lines)} octets, the server takes {int(limit)}"
            self._settle(self._outgoing.recipients, SmtpFailure(0, "5.3.4", text))
        elif "SMTPUTF8" not in self._extensions:
            # RFC 6531 §3.2: never sent to a server that did not offer it; only recipients that need it suffer.
            everybody = self._outgoing.smtputf8 or not self._outgoing.sender.isascii()
            stranded = [r for r in self._outgoing.recipients if everybody or not r.isascii()]
            text = "The server does not take addresses or headers with characters beyond ASCII (SMTPUTF8)"
            self._settle(stranded, SmtpFailure(0, "5.6.7", text))

    async def _envelope(self, recipients: Sequence[str]) -> list[str]:
        """MAIL, RCPT and DATA; returns who was accepted when the server now waits for the message."""
        # Sent at once, DATA included, when the server can queue commands; else each waits for its answer.
        together = "PIPELINING" in self._extensions
        self._dialogue.send(self._mail_command(recipients))
        if together:
            self._dialogue.send(*map(self._rcpt_command, recipients), "DATA")
        mail = await self._dialogue.answer(self._timeouts.mail)
        if not mail.positive:
            self._settle(recipients, mail)
            if not together:
                return []
        self.left_open = self.begun = mail.positive
        accepted = await self._recipients(recipients, together, mail.positive)
        return await self._data(accepted, together)

    async def _recipients(self, recipients: Sequence[str], together: bool, open_: bool) -> list[str]:
        accepted = []
        for recipient in recipients:
            if not together:
                self._dialogue.send(self._rcpt_command(recipient))
            answer = await self._dialogue.answer(self._timeouts.recipient)
            if not open_:
                continue  # settled by the answer to MAIL; this one only says that MAIL is missing
            if answer.positive:
                accepted.append(recipient)
            elif accepted and _transaction_full(answer):
                self.overflow.append(recipient)
                self._settle([recipient], answer, "deferred")
            else:
                self._settle([recipient], answer)
        return accepted

    async def _data(self, accepted: list[str], together: bool) -> list[str]:
        if not together:
            if not accepted:
                return []
            self._dialogue.send("DATA")
        data = await self._dialogue.answer(self._timeouts.data_start)
        if not data.go_ahead:
            self._settle(accepted, data)
            return []
        if not accepted:
            # RFC 2920 §3.1: a server may take DATA with no recipient; a lone dot ends it, nothing is sent.
            self._dialogue.transcript.note("no recipient was accepted, so an empty message ends the transaction")
            await self._dialogue.command(END_OF_MESSAGE, self._timeouts.data_end)
            self.left_open = False
        return accepted

    async def _message(self, accepted: list[str]) -> None:
        try:
            await self._content()
            answer = await self._dialogue.answer(self._timeouts.data_end)
        except ConnectionBroken:
            early = await self._dialogue.early_answer()
            if early is None or early.positive or early.go_ahead:
                raise
            answer = early
            self.broken = True  # part of the message may still be on its way: nothing can follow
        self.in_doubt = self.left_open = False
        self._settle(accepted, answer)

    async def _content(self) -> None:
        *first, last = blocks(self._lines)
        for block in first:
            await self._dialogue.write_block(block, self._timeouts.data_block)
        # From here on the end mark may have arrived, whatever we see of the connection.
        self.in_doubt = True
        self._dialogue.transcript.note(f"{len(self._lines)} bytes of message")
        self._dialogue.expect(END_OF_MESSAGE)
        await self._dialogue.write_block(last, self._timeouts.data_block)

    def _mail_command(self, recipients: Sequence[str]) -> str:
        parameters = []
        if "SIZE" in self._extensions:
            parameters.append(f"SIZE={len(self._lines)}")  # RFC 1870 §6: without stuffing and end mark
        if "8BITMIME" in self._extensions and self._outgoing.eight_bit:
            parameters.append("BODY=8BITMIME")
        addresses = (self._outgoing.sender, *recipients)
        if self._outgoing.smtputf8 or not all(address.isascii() for address in addresses):
            parameters.append("SMTPUTF8")
        parameters += smtp_wishes.of_mail(self._outgoing, self._extensions)
        if self._outgoing.require_tls:
            parameters.append("REQUIRETLS")  # only servers that offer it get here (smtp_client)
        return " ".join([f"MAIL FROM:<{self._outgoing.sender}>", *parameters])

    def _rcpt_command(self, recipient: str) -> str:
        wishes = smtp_wishes.of_rcpt(self._outgoing, recipient, self._extensions)
        return " ".join([f"RCPT TO:<{recipient}>", *wishes])

    def _unsettled(self) -> list[str]:
        return [r for r in dict.fromkeys(self._outgoing.recipients) if r not in self.results]

    def _defer_rest(self, broken: ConnectionBroken) -> None:
        """RFC 5321 §3.8: a lost connection counts as a 451, and the 421 before it says why."""
        reason: SmtpFailure | Answer = self._dialogue.farewell or broken
        if self.in_doubt:
            reason = SmtpFailure(
                0,
                broken.enhanced,
                f"The message was sent, but before the server confirmed it, {broken.text}. "
                "It may have arrived all the same",
            )
        self._settle(self._unsettled(), reason)

    def _settle(self, recipients: Sequence[str], reason: SmtpFailure | Answer, outcome: Outcome | None = None) -> None:
        outcome = outcome or verdict(reason)
        # RFC 3461 §5.2.2: a server without DSN will never tell, so the sender hears of it from us.
        action: Literal["", "relayed"] = "relayed" if outcome == "delivered" and "DSN" not in self._extensions else ""
        for recipient in recipients:
            self.results[recipient] = Result(
                recipient, outcome, reason.code, reason.enhanced, reason.text, self._hop, self._tls, action
            )


def verdict(reason: SmtpFailure | Answer) -> Outcome:
    """2xx is success and 5xx final; all else, replies out of place too, may come right later (RFC 5321 §4.2.1)."""
    if isinstance(reason, Answer) and reason.positive:
        return "delivered"
    return "bounced" if reason.permanent else "deferred"


def _transaction_full(answer: Answer) -> bool:
    """Whether a refusal of RCPT is about the number of recipients and not about this one.

    RFC 5321 §4.5.3.1.10: 452, and 552 from servers that follow RFC 821; but both also mean a full mailbox.
    """
    if answer.code == _TOO_MANY:
        return answer.enhanced in ("", "4.5.3")
    return answer.code == _TOO_MANY_OF_RFC_821 and (answer.enhanced == "5.5.3" or "too many" in answer.text.lower())
