"""Accounts and their passwords."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.mail import addresses, fieldwriter
from mailserver.services import mailboxes, scram
from mailserver.store import bell
from mailserver.store.models import Account, Address, Domain


def create_account(
    *, address: str, name: str = "", password: str, admin: bool = False, quota: int | None = None
) -> Account:
    """An account with its primary address and standard folders. `quota` in bytes, 0 for none, None for the default.

    Raises InvalidName (address, name), NotFound (its domain is not here), AlreadyExists.
    """
    parsed = addresses.parse(address)
    if "+" in parsed.local:
        raise InvalidName("An account's own address cannot hold a +.")
    domain = Domain.objects.filter(name=parsed.domain, hosted=True).first()
    if domain is None:
        raise NotFound(f"The domain {parsed.domain} is not hosted here.")
    account = Account(
        address=str(parsed),
        name=person_name(name),
        is_staff=admin,
        is_superuser=admin,
        quota=settings.CORREIO.default_quota if quota is None else quota,
    )
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save()
            Address.objects.create(domain=domain, local_part=parsed.local, account=account, kind=Address.Kind.PRIMARY)
            mailboxes.make_standard(account.pk)
            scram.begin(account, password)
    except IntegrityError as error:
        raise AlreadyExists(f"The address {parsed} is taken.") from error
    return account


def person_name(name: str) -> str:
    """The name as it will stand in From. Raises InvalidName for a line break or NUL, which would leave that field."""
    return fieldwriter.checked("A name", name.strip())


def add_alias(*, account_id: int, address: str) -> Address:
    """Another address for an account. Raises InvalidName, NotFound (domain), AlreadyExists."""
    parsed = addresses.parse(address)
    domain = Domain.objects.filter(name=parsed.domain, hosted=True).first()
    if domain is None:
        raise NotFound(f"The domain {parsed.domain} is not hosted here.")
    try:
        with transaction.atomic():
            return Address.objects.create(domain=domain, local_part=parsed.local, account_id=account_id)
    except IntegrityError as error:
        raise AlreadyExists(f"The address {parsed} is taken.") from error


def set_password(*, account_id: int, password: str) -> None:
    """Change an account's password. Sessions of mail programs look up at the bell and end. Raises NotFound."""
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(pk=account_id).first()
        if account is None:
            raise NotFound("There is no such account.")
        account.set_password(password)
        account.save(update_fields=["password"])
        scram.keep(account, password)
        bell.ring_on_commit(account_id, {})


def own_addresses(account_id: int) -> list[str]:
    """Every address that delivers to the account, the primary one first."""
    rows = Address.objects.filter(account_id=account_id, enabled=True).select_related("domain")
    ordered = sorted(rows, key=lambda row: (row.kind != Address.Kind.PRIMARY, str(row)))
    return [str(row) for row in ordered]


def set_preferences(
    *, account_id: int, name: str, theme: str, density: str, time_zone: str, pop3: bool, undo_send: int | None
) -> None:
    """Change how the page calls an account and looks to it, and whether programs may read it by POP3, and for
    how many seconds Send can be undone (None: as the server says).

    Values must be valid. Raises NotFound, InvalidName.
    """
    changed = Account.objects.filter(pk=account_id).update(
        name=person_name(name), theme=theme, density=density, time_zone=time_zone, pop3=pop3, undo_send=undo_send
    )
    if not changed:
        raise NotFound("There is no such account.")
