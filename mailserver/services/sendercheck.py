"""What becomes of mail whose sender was checked, and what the reader is told."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from mailserver.errors import SenderRefused
from mailserver.mail.senderauth import authresults, words
from mailserver.mail.senderauth.words import Told
from mailserver.services import inbound
from mailserver.services.inbound import Incoming, Stored
from mailserver.store.models import Message


def deliver(incoming: Incoming) -> Stored:
    """File mail of another server in the Inbox, or as spam where DMARC or the settings want that.

    Raises SenderRefused as `checked` does; NotFound and OverQuota as `inbound.deliver` does.
    """
    return inbound.deliver(checked(incoming), within_quota=True)


def checked(incoming: Incoming) -> Incoming:
    """The message as it is to be filed: as spam where DMARC or the settings want that.

    Fields that claim to be results of our own checks are taken out (RFC 8601 §5). Raises SenderRefused when the
    author's domain wants the message refused.
    """
    config, asked = settings.CORREIO, incoming.verdict.disposition if incoming.verdict else "none"
    if asked == "reject" and config.dmarc_reject == "refuse":
        raise SenderRefused("The domain in From asks to refuse mail that it did not send.")
    return replace(incoming, raw=authresults.without_ours(incoming.raw, config.hostname), junk=asked != "none")


def told(message: Message) -> Told | None:
    """How the sender was checked; None when it was not. Read from our own trace, which nobody else can write."""
    results = authresults.in_trace(bytes(message.prefix)) if message.prefix else None
    return words.told(results) if results else None
