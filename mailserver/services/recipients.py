"""Who an address belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Lower

from mailserver.errors import UnknownRecipient
from mailserver.mail.addresses import Address, base_local
from mailserver.store.models import Account, Domain, Mailbox
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

    Raises UnknownRecipient when the domain is hosted here and nobody has the address.
    """
    domain = Domain.objects.filter(name=address.domain, hosted=True).first()
    if domain is None:
        if is_own_postmaster(address):
            return Local(_administrator(), str(address))
        return Remote(str(address), address.domain)
    wanted = list(dict.fromkeys([address.local.lower(), base_local(address.local).lower()]))
    rows = AddressRow.objects.filter(domain=domain, enabled=True, account__is_active=True).annotate(
        lower=Lower("local_part")
    )
    owners = dict(rows.filter(lower__in=wanted).values_list("lower", "account_id"))
    for local in wanted:
        if local in owners:
            return Local(owners[local], str(address))
    if domain.catch_all_id:
        return Local(domain.catch_all_id, str(address))
    if address.local.lower() == "postmaster":
        return Local(_administrator(), str(address))
    raise UnknownRecipient(f"Nobody here has the address {address}.")


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
    quota = Account.objects.values_list("quota", flat=True).get(pk=account_id)
    if quota == 0:
        return UNBOUNDED
    used = Mailbox.objects.filter(account_id=account_id).aggregate(total=Sum("size"))["total"] or 0
    return max(0, quota - used)
