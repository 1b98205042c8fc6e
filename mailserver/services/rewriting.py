"""Return addresses of mail that is passed on (`mail/srs.py`), under our key and today's date."""

from __future__ import annotations

import hmac
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

from mailserver.errors import InvalidName, UnknownRecipient
from mailserver.mail import srs
from mailserver.mail.addresses import Address
from mailserver.services import recipients

SECONDS_PER_DAY = 86400


def sender_for(sender: str, domain: str) -> str:
    """The envelope sender under which `domain` passes on a message of `sender`.

    "" stays "": a report must not cause another (RFC 5321 §4.5.5). A sender of a domain hosted here stays as well. ""
    too for a sender that leaves no room for ours: better without a way back than not at all.
    """
    try:
        address = srs.parse(sender)
    except InvalidName:
        return ""
    if recipients.is_hosted(address.domain):
        return sender
    return str(srs.forward(address, domain=domain, key=_key(), day=_today()) or "")


def original(address: Address) -> Address:
    """The sender behind a return address of ours. Raises UnknownRecipient for one we did not write, or too old."""
    if not recipients.is_hosted(address.domain):
        raise UnknownRecipient(f"{address} is not a return address of ours.")
    try:
        return srs.reverse(address.local, key=_key(), day=_today())
    except InvalidName as error:
        raise UnknownRecipient(str(error)) from error


def _key() -> bytes:
    return hmac.digest(settings.CORREIO.secret_key.encode(), b"return addresses", sha256)


def _today() -> int:
    return int(timezone.now().timestamp()) // SECONDS_PER_DAY
