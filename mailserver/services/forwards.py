"""Forwards of addresses and accounts. Where they lead mail `routing` works out."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from mailserver.errors import AlreadyExists, InvalidName, NotFound, UnknownRecipient
from mailserver.mail import addresses
from mailserver.services import recipients
from mailserver.store.models import Address, Forward


def target(text: str) -> str:
    """An address that mail may be forwarded to, as it is kept. Raises InvalidName, also for nobody of our domains."""
    parsed = addresses.parse(text.strip())
    try:
        recipients.holder(parsed)
    except UnknownRecipient as error:
        raise InvalidName(f"Nobody here takes mail as {parsed}.") from error
    return str(parsed)


def source(text: str) -> Address:
    """The row of an address of ours that has a mailbox. Raises InvalidName."""
    parsed = addresses.parse(text.strip())
    rows = Address.objects.filter(domain__name=parsed.domain, domain__hosted=True, local_part__iexact=parsed.local)
    row = rows.exclude(kind=Address.Kind.GROUP).select_related("account", "domain").first()
    if row is None:
        raise InvalidName(f"There is no account or alias with the address {parsed}.")
    return row


def add_forward(*, address: str, to: str, whole_account: bool = False, keep: bool = True) -> Forward:
    """Forward mail for an address of ours, or for all addresses of its account. Raises InvalidName, AlreadyExists."""
    row, wanted = source(address), target(to)
    owner = {"account": row.account} if whole_account else {"address": row}
    try:
        with transaction.atomic():
            return Forward.objects.create(**owner, target=wanted, keep=keep)
    except IntegrityError as error:
        raise AlreadyExists(f"Mail for {row} goes to {wanted} already.") from error


def change_forward(*, forward_id: int, to: str, keep: bool, enabled: bool) -> None:
    """Change where a forward leads, or switch it off. Raises NotFound, InvalidName, AlreadyExists."""
    wanted = target(to)
    try:
        with transaction.atomic():
            changed = Forward.objects.filter(pk=forward_id).update(target=wanted, keep=keep, enabled=enabled)
    except IntegrityError as error:
        raise AlreadyExists(f"There is a forward to {wanted} already.") from error
    if not changed:
        raise NotFound("There is no such forward.")


def remove_forward(*, forward_id: int) -> None:
    """Take a forward away. Raises NotFound."""
    if not Forward.objects.filter(pk=forward_id).delete()[0]:
        raise NotFound("There is no such forward.")
