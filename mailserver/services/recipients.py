"""Who an address belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Lower

from mailserver.errors import RecipientDisabled, UnknownRecipient
from mailserver.mail.addresses import Address, base_local
from mailserver.store.models import Account, Domain
from mailserver.store.models import Address as AddressRow

UNBOUNDED = 1 << 62


@dataclass(frozen=True, slots=True)
class Local:
    """A recipient with a mailbox here; `address` as it was written in the envelope."""

    account_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A recipient of another server, or of a hosted domain whose transport is SMTP."""

    address: str
    domain: str


def is_hosted(domain: str) -> bool:
    """Whether our MX takes mail for the domain (A-label, lower case)."""
    return Domain.objects.filter(name=domain, hosted=True).exists()


def lookup(address: Address) -> Local | Remote:
    """Where mail to `address` belongs. Exact address, without +detail, catch-all, postmaster: in this order.

    Raises UnknownRecipient when the domain is hosted here and nobody has the address, RecipientDisabled when it or its
    account is switched off: such mail is nobody else's, so the catch-all does not get it.
    """
    domain = Domain.objects.filter(name=address.domain, hosted=True).select_related("catch_all").first()
    if domain is None:
        if is_own_postmaster(address):
            return Local(_administrator(), str(address))
        return Remote(str(address), address.domain)
    owner = _owner(domain, address)
    if owner and owner.enabled and owner.account.is_active:
        return Local(owner.account_id, str(address))
    postmaster = address.local.lower() == "postmaster"
    if owner and not postmaster:
        raise RecipientDisabled(f"The address {address} takes no mail.")
    if domain.catch_all and domain.catch_all.is_active:
        return Local(domain.catch_all.pk, str(address))
    if postmaster:
        return Local(_administrator(), str(address))
    raise UnknownRecipient(f"Nobody here has the address {address}.")


def _owner(domain: Domain, address: Address) -> AddressRow | None:
    wanted = [address.local.lower(), base_local(address.local).lower()]
    rows = AddressRow.objects.filter(domain=domain).select_related("account").annotate(lower=Lower("local_part"))
    found = {row.local_part.lower(): row for row in rows.filter(lower__in=wanted)}
    return found.get(wanted[0]) or found.get(wanted[1])


def is_own_postmaster(address: Address) -> bool:
    """Whether it is the postmaster of this server itself, who is also meant by `postmaster` without a domain."""
    return address.local.lower() == "postmaster" and address.domain == settings.CORREIO.hostname.lower()


def _administrator() -> int:
    """RFC 5321 §4.5.1: postmaster must reach somebody."""
    account = Account.objects.filter(is_staff=True, is_active=True).order_by("id").first()
    if account is None:
        raise UnknownRecipient("There is no administrator yet.")
    return account.pk


def room(account_id: int) -> int:
    """Bytes the account may still store; UNBOUNDED without a quota. Never below 0."""
    rows = Account.objects.filter(pk=account_id).annotate(used=Sum("mailboxes__size"))
    quota, used = rows.values_list("quota", "used").get()
    return max(0, quota - (used or 0)) if quota else UNBOUNDED
