"""Who an address belongs to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models.functions import Lower

from mailserver.errors import NotFound, RecipientDisabled, UnknownRecipient
from mailserver.mail import srs
from mailserver.mail.addresses import Address, base_local
from mailserver.store.exchange import Asked, Exchange, array
from mailserver.store.models import Account, Domain
from mailserver.store.models import Address as AddressRow

UNBOUNDED = 1 << 62

# By hand: asked for each group of messages, where building the query cost more than answering it.
ROOMS = """
SELECT a.id, a.quota, (SELECT coalesce(sum(b.size), 0)::bigint FROM mailbox b WHERE b.account_id = a.id)
FROM account a WHERE a.id = ANY($1::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Local:
    """A recipient with a mailbox here; `address` as it was written in the envelope."""

    account_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Group:
    """An address that stands for several others."""

    address: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A recipient of another server, or of a hosted domain whose transport is SMTP."""

    address: str
    domain: str


def is_hosted(domain: str) -> bool:
    """Whether our MX takes mail for the domain (A-label, lower case)."""
    return Domain.objects.filter(name=domain, hosted=True).exists()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has an address of ours: an account, by a `row` or without (catch-all, postmaster), or the group of the row.

    `domain` is None only for the postmaster of this server under a name that is no domain here.
    """

    domain: Domain | None
    row: AddressRow | None
    account: Account | None


def lookup(address: Address) -> Local | Group | Remote:
    """Whose `address` is; raises as `holder` does. Where its mail goes from there `routing` knows."""
    found = holder(address)
    if found is None:
        return Remote(str(address), address.domain)
    return Local(found.account.pk, str(address)) if found.account else Group(str(found.row))


def holder(address: Address) -> Holder | None:
    """Who has the address; None when it is another server's.

    Exact address, without +detail, catch-all, postmaster: in this order. Raises UnknownRecipient when the domain is
    hosted here and nobody has the address, RecipientDisabled when it or its account is switched off: such mail is
    nobody else's, so the catch-all does not get it.
    """
    row = _row(address)
    if row and row.enabled and (row.account is None or row.account.is_active):
        return Holder(row.domain, row, row.account)
    domain = row.domain if row else _domain(address.domain)
    if domain is None:
        return Holder(None, None, _administrator()) if is_own_postmaster(address) else None
    postmaster = address.local.lower() == "postmaster"
    if row and not postmaster:
        raise RecipientDisabled(f"The address {address} takes no mail.")
    if domain.catch_all and domain.catch_all.is_active and not srs.is_rewritten(address.local):
        return Holder(domain, None, domain.catch_all)
    if postmaster:
        return Holder(domain, None, _administrator())
    raise UnknownRecipient(f"Nobody here has the address {address}.")


def _domain(name: str) -> Domain | None:
    return Domain.objects.filter(name=name, hosted=True).select_related("catch_all").first()


def _row(address: Address) -> AddressRow | None:
    wanted = [address.local.lower(), base_local(address.local).lower()]
    rows = AddressRow.objects.filter(domain__name=address.domain, domain__hosted=True).annotate(
        lower=Lower("local_part")
    )
    rows = rows.select_related("account", "domain", "domain__catch_all")
    found = {row.local_part.lower(): row for row in rows.filter(lower__in=wanted)}
    return found.get(wanted[0]) or found.get(wanted[1])


def is_own_postmaster(address: Address) -> bool:
    """Whether it is the postmaster of this server itself, who is also meant by `postmaster` without a domain."""
    return address.local.lower() == "postmaster" and address.domain == settings.CORREIO.hostname.lower()


def _administrator() -> Account:
    """RFC 5321 §4.5.1: postmaster must reach somebody."""
    account = Account.objects.filter(is_staff=True, is_active=True).order_by("id").first()
    if account is None:
        raise UnknownRecipient("There is no administrator yet.")
    return account


def room(account_id: int) -> int:
    """Bytes the account may still store; UNBOUNDED without a quota. Never below 0. Raises NotFound."""
    return rooms([account_id])[account_id]


def rooms(account_ids: Collection[int]) -> dict[int, int]:
    """The room of each account, in one statement. Raises NotFound if one is gone."""
    exchange = Exchange()
    asked = ask_rooms(exchange, account_ids)
    exchange.send()
    return found_rooms(asked, account_ids)


def ask_rooms(exchange: Exchange, account_ids: Collection[int]) -> Asked:
    """The same question for an exchange of several."""
    return exchange.add(ROOMS, [array(account_ids)])


def found_rooms(asked: Asked, account_ids: Collection[int]) -> dict[int, int]:
    """The answer. Raises NotFound if an account is gone."""
    left = {account_id: max(0, quota - used) if quota else UNBOUNDED for account_id, quota, used in asked.rows}
    if len(left) != len(set(account_ids)):
        raise NotFound("There is no such account.")
    return left
