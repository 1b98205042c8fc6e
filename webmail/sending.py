"""Sending from the page: our own submission port by real SMTP, with a short-lived token, as any mail program does it.

The server checks the rights, keeps the copy in Sent and removes the draft, all in the transaction that queues the
message. Until it says 250 nothing has changed, so whatever goes wrong, the draft is still there.
"""

from __future__ import annotations

import re
import secrets
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from mailserver.mail import explain
from mailserver.services import draft_source, drafts, login
from mailserver.services.drafts import Outgoing
from mailserver.store.models import Account

# The server is ours and near: it answers within a second or is away.
TIMEOUT = 20.0
_REFERENCE = re.compile(r"\bas ([A-Z2-7]{10,12})\b")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server would not take: a recipient (`address`) or, with "", the message. `reply` as it was said."""

    address: str
    reason: str
    advice: str
    reply: str


class NotSent(Exception):
    """The message did not leave; the draft is where it was. `title` and `advice` are for people."""

    def __init__(self, title: str, advice: str, refusals: tuple[Refusal, ...] = ()) -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice
        self.refusals = refusals


def send(*, account: Account, message_id: int, at: datetime | None = None) -> str:
    """Send a saved draft of the account, `at` a moment or when its owner cannot undo it any more (RFC 4865); the
    reference the server gave it.

    Raises NotSent, and NotFound when the draft is gone.
    """
    outgoing = drafts.outgoing(account_id=account.pk, message_id=message_id)
    token = login.issue_token(account_id=account.pk, purpose="submission", draft=outgoing.place)
    try:
        with _connect() as client:
            _sign_in(client, account.address, token)
            reference = _hand_over(client, outgoing, _hold(account, at))
    except (OSError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, smtplib.SMTPNotSupportedError) as error:
        raise NotSent(
            "The mail server does not answer.",
            "Your message is kept as a draft. Try again in a minute; if it stays like this, tell the administrator.",
            (Refusal("", "The connection failed", "", str(error)[:200]),),
        ) from error
    if outgoing.source:
        draft_source.mark(account_id=account.pk, source=outgoing.source)
    return reference


def _connect() -> smtplib.SMTP:
    config = settings.CORREIO
    client = smtplib.SMTP(config.submission_host, config.submission_port, config.hostname, timeout=TIMEOUT)
    client.ehlo_or_helo_if_needed()
    client.starttls(context=_trust())
    client.ehlo()
    return client


def _trust() -> ssl.SSLContext:
    """Trusts the certificate our own server is configured with, whoever signed it, and the public authorities.

    The name is not compared: in containers the server is reached under a name the certificate does not hold, and
    nobody else has the key of this very certificate.
    """
    certificate = settings.CORREIO.tls_cert
    if certificate is None:
        return ssl.create_default_context()
    context = ssl.create_default_context(cafile=str(certificate))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _sign_in(client: smtplib.SMTP, address: str, token: str) -> None:
    """AUTH OAUTHBEARER (RFC 7628 §3.1)."""

    def answer(challenge: bytes | None = None) -> str:
        # A challenge is the error report; §3.2.3 has the client answer it with one ^A.
        return f"n,a={address},\x01auth=Bearer {token}\x01\x01" if challenge is None else "\x01"

    try:
        client.auth("OAUTHBEARER", answer)
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(
            "The mail server does not let you in.",
            "Your message is kept as a draft. Sign out and in again, then send it once more.",
            (Refusal("", "The sign-in was refused", "", _said(error.smtp_code, error.smtp_error)),),
        ) from error


def _hold(account: Account, at: datetime | None) -> str:
    """The parameter of MAIL that keeps the message for a while; "" for none."""
    if at:
        return f"HOLDUNTIL={at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    seconds = settings.CORREIO.undo_send if account.undo_send is None else account.undo_send
    return f"HOLDFOR={seconds}" if seconds else ""


def _hand_over(client: smtplib.SMTP, outgoing: Outgoing, hold: str) -> str:
    """MAIL, RCPT for everybody, DATA. Nobody gets the message unless all recipients are taken."""
    options = [f"SIZE={len(outgoing.raw)}"]
    if not outgoing.raw.isascii():
        options.append("BODY=8BITMIME")
    if _needs_utf8(outgoing):
        options.append("SMTPUTF8")
    options += [hold] if hold else []
    if client.has_extn("dsn"):
        # What comes back is joined to the message by this (RFC 3461 §4.4), and need not hold all of it again.
        options += ["RET=HDRS", f"ENVID={secrets.token_hex(10)}"]
    reply = client.mail(outgoing.sender, options)
    if reply[0] != 250:
        raise _not_sent("The mail server refused this message.", [("", reply)])
    refused = [(person, reply) for person in outgoing.recipients if (reply := client.rcpt(person))[0] not in (250, 251)]
    if refused:
        raise _not_sent(_whom([person for person, _ in refused]), refused)
    try:
        code, text = client.data(outgoing.raw)
    except smtplib.SMTPDataError as error:
        raise _not_sent("The mail server refused this message.", [("", (error.smtp_code, error.smtp_error))]) from error
    if code != 250:
        raise _not_sent("The mail server refused this message.", [("", (code, text))])
    found = _REFERENCE.search(text.decode("utf-8", "replace"))
    return found[1] if found else ""


def _needs_utf8(outgoing: Outgoing) -> bool:
    """RFC 6531 §3.4: an address, or a header field, has characters beyond ASCII."""
    header = outgoing.raw.partition(b"\r\n\r\n")[0]
    return not (outgoing.sender.isascii() and all(map(str.isascii, outgoing.recipients)) and header.isascii())


def _whom(people: list[str]) -> str:
    if len(people) == 1:
        return f"The message cannot go to {people[0]}."
    return f"The message cannot go to {len(people)} of its recipients."


def _not_sent(title: str, replies: Sequence[tuple[str, tuple[int, bytes | str]]]) -> NotSent:
    refusals = tuple(_refusal(person, code, text) for person, (code, text) in replies)
    return NotSent(title, "Nothing was sent to anybody; your message is kept as a draft.", refusals)


def _refusal(person: str, code: int, text: bytes | str) -> Refusal:
    said = _said(code, text)
    found = explain.reply(said, person)
    return Refusal(person, found.reason, found.advice, said)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:500]
