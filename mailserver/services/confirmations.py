"""Reports of success about mail that other servers brought (NOTIFY=SUCCESS, RFC 3461 §5.2)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from mailserver.errors import InvalidName, UnknownRecipient
from mailserver.mail import srs
from mailserver.mail.dsn import Failure
from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.services import bounces, routing, wishes
from mailserver.services.inbound import Incoming, Stored
from mailserver.services.routing import Route

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wished:
    """A recipient as the envelope named it, where its mail goes, and what the sender wants to hear."""

    address: str
    route: Route
    wishes: RecipientWishes

    @property
    def told(self) -> bool:
        return self.wishes.wants("SUCCESS") and bool(wishes.success(self.route))


def confirm(incoming: Incoming, stored: Stored, people: Sequence[Wished]) -> None:
    """Report what was filed to its sender, who must be a credible one (`wishes.credible`). The message is safe, so
    whatever goes wrong here is only logged. Nothing is told twice: a copy that comes again is no news.
    """
    told = [one for one in people if one.told]
    if not told or not incoming.sender or (stored.deliveries and all(one.duplicate for one in stored.deliveries)):
        return
    at = timezone.now()
    try:
        raw = bounces.compose(
            bounces.About(
                original=incoming.raw,
                reference=stored.reference,
                arrival=at,
                envelope_id=incoming.envelope_id,
            ),
            [_success(one, stored.reference) for one in told],
            to=incoming.sender,
            at=at,
        )
        bounces.send(raw, _way_back(incoming.sender), at=at)
    except Exception:
        logger.exception("the confirmation of %s could not be sent", stored.reference)


def _way_back(sender: str) -> Route | None:
    """To a mailbox here, or into the queue for another server."""
    try:
        address = srs.parse(sender)
        return routing.resolve(address) or Route(onward=(routing.Onward(str(address), address.domain),))
    except (InvalidName, UnknownRecipient):
        return None


def _success(one: Wished, reference: str) -> Failure:
    action = wishes.success(one.route)
    assert action
    return Failure(one.address, action, "2.0.0", original=one.wishes.original, log_id=reference)
