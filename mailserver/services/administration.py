"""What administrators change about domains, accounts and addresses."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction

from mailserver.errors import AlreadyExists, InvalidName, NotFound, NotPermitted
from mailserver.services import audit
from mailserver.services.accounts import person_name
from mailserver.store.models import Account, Address, Domain


def change_domain(*, domain_id: int, hosted: bool, enabled: bool, transport: str, catch_all_id: int | None) -> None:
    """Change how mail for a domain is handled. Raises NotFound."""
    changed = Domain.objects.filter(pk=domain_id).update(
        hosted=hosted, enabled=enabled, transport=transport, catch_all_id=catch_all_id
    )
    if not changed:
        raise NotFound("There is no such domain.")


def change_account(*, account_id: int, name: str, quota: int, pop3: bool, active: bool, admin: bool) -> None:
    """Change an account; `quota` in bytes, 0 for none. Raises NotFound, InvalidName, NotPermitted (the last one)."""
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(pk=account_id).first()
        if account is None:
            raise NotFound("There is no such account.")
        others = Account.objects.filter(is_staff=True, is_active=True).exclude(pk=account_id)
        if account.is_staff and not (admin and active) and not others.exists():
            raise NotPermitted("Somebody must be left who can administer this server.")
        account.name, account.quota, account.is_active = person_name(name), quota, active
        account.pop3, account.is_staff, account.is_superuser = pop3, admin, admin
        account.save(update_fields=["name", "quota", "pop3", "is_active", "is_staff", "is_superuser"])


def change_sending_limits(*, account_id: int, hourly: int | None, daily: int | None, by: str) -> None:
    """Recipients the account may write to; None is the server's own limit, 0 no bound. Raises NotFound."""
    with transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).filter(pk=account_id).first()
        if account is None:
            raise NotFound("There is no such account.")
        if (account.hourly_limit, account.daily_limit) == (hourly, daily):
            return
        account.hourly_limit, account.daily_limit = hourly, daily
        account.save(update_fields=["hourly_limit", "daily_limit"])
        audit.record(by, "limit", account.address, hourly=hourly, daily=daily)


def capability_names(names: str) -> str:
    """In upper case, each once. Raises InvalidName."""
    wanted = " ".join(dict.fromkeys(names.upper().split()))
    if not re.fullmatch(r"[A-Z0-9=+ -]{0,300}", wanted):
        raise InvalidName("Names of IMAP extensions have letters and digits, and =, + and -.")
    return wanted


def hide_capabilities(*, account_id: int, names: str, by: str) -> None:
    """Do not announce these IMAP extensions to an account any more, from its next sign-in on.

    For programs with faults: RFC 2971 §1 forbids to go by a program's name. Raises NotFound, InvalidName.
    """
    wanted = capability_names(names)
    with transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).filter(pk=account_id).first()
        if account is None:
            raise NotFound("There is no such account.")
        if account.hidden_capabilities == wanted:
            return
        account.hidden_capabilities = wanted
        account.save(update_fields=["hidden_capabilities"])
        audit.record(by, "imap", account.address, hidden=wanted)


def change_address(*, address_id: int, account_id: int, enabled: bool) -> None:
    """Give an alias to another account, or switch an address on or off.

    Raises NotFound, NotPermitted: a primary address belongs to its account and stays on, a group has none.
    """
    address = Address.objects.filter(pk=address_id).first()
    if address is None or not Account.objects.filter(pk=account_id).exists():
        raise NotFound("There is no such address or account.")
    if address.kind == Address.Kind.GROUP:
        raise NotPermitted("This is a group; it has members and no account.")
    if address.kind == Address.Kind.PRIMARY and (account_id != address.account_id or not enabled):
        raise NotPermitted("This is the account’s own address; close the account instead.")
    Address.objects.filter(pk=address_id).update(account_id=account_id, enabled=enabled)


def remove_address(*, address_id: int) -> None:
    """Take an alias away. Raises NotFound, NotPermitted for a primary address."""
    address = Address.objects.filter(pk=address_id).first()
    if address is None:
        raise NotFound("There is no such address.")
    if address.kind == Address.Kind.PRIMARY:
        raise NotPermitted("This is the account’s own address; close the account instead.")
    address.delete()


def remove_domain(*, domain_id: int) -> None:
    """Forget a domain nobody has an address in. Raises NotFound, AlreadyExists when somebody has."""
    domain = Domain.objects.filter(pk=domain_id).first()
    if domain is None:
        raise NotFound("There is no such domain.")
    if domain.addresses.exists():
        raise AlreadyExists("There are addresses in this domain; remove them first.")
    try:
        domain.delete()
    except IntegrityError as error:
        raise AlreadyExists("Somebody has just got an address in this domain.") from error
