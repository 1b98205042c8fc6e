"""Small messages for tests."""

from __future__ import annotations

import itertools

from mailserver.services import arrivals
from mailserver.services.inbound import Delivery, Incoming, Stored, deliver
from mailserver.services.recipients import Local
from mailserver.store.models import Account

_numbers = itertools.count(1)


def message(
    *,
    sender: str = "Bob <bob@hamburger.edu>",
    to: str = "Alice <alice@crepes.fr>",
    subject: str = "Crêpe night",
    message_id: str = "",
    reply_to: str = "",
    body: str = "Saturday at seven it is.\r\n",
    extra: str = "",
) -> bytes:
    """A plain message; `reply_to` is the Message-ID it answers, `extra` further header lines ending in CRLF."""
    message_id = message_id or f"m{next(_numbers)}@hamburger.edu"
    answer = f"In-Reply-To: <{reply_to}>\r\nReferences: <{reply_to}>\r\n" if reply_to else ""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n{answer}{extra}"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    ).encode()


def taken(incoming: Incoming) -> Stored:
    """File a message of another server the way the MX does, alone. Raises why it was not filed."""
    (answer,) = arrivals.deliver([incoming])
    if isinstance(answer, Exception):
        raise answer
    return answer


def delivered(account: Account, raw: bytes | None = None, **parts: str) -> Delivery:
    """File a message in the account's Inbox, unjudged."""
    local = Local(account.pk, account.address)
    incoming = Incoming(
        raw=raw or message(**parts), sender="bob@hamburger.edu", recipients=(local,), helo="hamburger.edu"
    )
    return deliver(incoming).deliveries[0]
