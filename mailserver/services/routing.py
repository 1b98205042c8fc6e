"""Where mail to an address goes, after groups and forwards: mailboxes here, and addresses the queue carries it to."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Q

from mailserver.errors import DomainDisabled, InvalidName, RecipientDisabled, UnknownRecipient
from mailserver.mail import srs
from mailserver.mail.addresses import Address
from mailserver.services import recipients, rewriting
from mailserver.services.recipients import Holder, Local
from mailserver.store.models import Forward

# Forwards and groups in a row. Circles end by themselves; this ends what is only absurd.
DEEPEST = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Onward:
    """An address the message is queued for.

    `through` are the addresses of ours that pass it on, the first one first: the message is marked with each.
    `instead`: the mailbox that gets it when it carries one of the marks already; None for a group's.
    `notify`, `original`: the sender's wishes (RFC 3461), "" when there are none.
    """

    address: str
    domain: str
    through: tuple[str, ...] = ()
    instead: Local | None = None
    notify: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail to one address goes: each account once, each address elsewhere once."""

    mailboxes: tuple[Local, ...] = ()
    onward: tuple[Onward, ...] = ()

    def unmarked(self, marks: frozenset[str]) -> Route:
        """The route of a message that carries these marks (`trace.marks`). It may be empty: then it is a loop."""
        again = [onward for onward in self.onward if any(name.lower() in marks for name in onward.through)]
        if not again:
            return self
        instead = [onward.instead for onward in again if onward.instead]
        return joined(
            [replace(self, onward=tuple(one for one in self.onward if one not in again)), Route(tuple(instead))]
        )

    def has_room(self, size: int) -> bool:
        """Whether some mailbox can take `size` octets, or the message goes elsewhere anyway: one is not harmed by
        another that is full.
        """
        return self.room() >= size

    def room(self) -> int:
        """The octets the emptiest mailbox can take; UNBOUNDED when the message goes elsewhere as well."""
        if self.onward:
            return recipients.UNBOUNDED
        return max(recipients.rooms({local.account_id for local in self.mailboxes}).values(), default=0)


def joined(routes: Iterable[Route]) -> Route:
    """All routes of one message as one, each place once: an account has one copy, an address elsewhere one too."""
    mailboxes: dict[tuple[int, str], Local] = {}
    onward: dict[str, Onward] = {}
    for route in routes:
        for local in route.mailboxes:
            mailboxes.setdefault((local.account_id, local.address), local)
        for one in route.onward:
            onward.setdefault(one.address, one)
    return Route(tuple(mailboxes.values()), tuple(onward.values()))


def resolve(address: Address) -> Route | None:
    """The route of mail to an address; None when it is another server's.

    Raises UnknownRecipient, RecipientDisabled (also a group that reaches nobody), DomainDisabled.
    """
    walk = _Walk(str(address))
    holder = recipients.holder(address)
    if holder is None:
        return None
    if holder.domain and not holder.domain.enabled:
        raise DomainDisabled(f"The domain {holder.domain} takes no mail for the moment.")
    if not walk.expand(holder, (), None):
        raise RecipientDisabled(f"The group {address} has nobody who takes mail.")
    return Route(tuple(walk.mailboxes.values()), tuple(walk.onward.values()))


def back(address: Address) -> Route:
    """The route of a report that comes to a return address of ours. Raises UnknownRecipient."""
    sender = rewriting.original(address)
    return Route(onward=(Onward(str(sender), sender.domain),))


class _Walk:
    """Follows groups and forwards from one address (`recipient`, as written in the envelope)."""

    def __init__(self, recipient: str) -> None:
        self.mailboxes: dict[int, Local] = {}
        self.onward: dict[str, Onward] = {}
        self._recipient = recipient
        # What has been followed, and whether mail gets anywhere from there; False while it is being followed.
        self._followed: dict[tuple[int, int], bool] = {}

    def expand(self, holder: Holder, through: tuple[str, ...], instead: Local | None) -> bool:
        """Follow the forwards of an address or group; whether anybody gets the mail."""
        row, account = holder.row, holder.account
        place = (row.pk if row else 0, account.pk if account else 0)
        if place not in self._followed:
            self._followed[place] = False
            here = Local(account.pk, self._recipient) if account else None
            forwards = _forwards(holder)
            arrived = [self._follow(one, (*through, _mark(one, holder)), here or instead) for one in forwards]
            # A forward that leads nowhere must not cost the only copy.
            if here and (any(one.keep for one in forwards) or not any(arrived)):
                self.mailboxes.setdefault(here.account_id, here)
            self._followed[place] = here is not None or any(arrived)
        return self._followed[place]

    def _follow(self, forward: Forward, through: tuple[str, ...], instead: Local | None) -> bool:
        try:
            target = srs.parse(forward.target)
            holder = recipients.holder(target)
        except (InvalidName, UnknownRecipient):
            return False
        if holder is None or (holder.domain and not holder.domain.enabled):
            # The queue keeps it until a domain that is switched off comes back.
            self.onward.setdefault(str(target), Onward(str(target), target.domain, through, instead))
            return True
        if len(through) > DEEPEST:
            logger.warning("mail to %s is not followed beyond %s", self._recipient, through[-1])
            return False
        return self.expand(holder, through, instead)


def _forwards(holder: Holder) -> list[Forward]:
    whose = Q(account=holder.account) if holder.account else Q()
    if holder.row:
        whose |= Q(address=holder.row.pk)
    return list(Forward.objects.filter(whose, enabled=True).order_by("id"))


def _mark(forward: Forward, holder: Holder) -> str:
    """The name of what forwards: mail that carries it has been this way before."""
    return holder.account.address if forward.account_id and holder.account else str(holder.row)
