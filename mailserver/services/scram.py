"""SCRAM verifiers of accounts: made when a password is set or was right, and good as long as it is the same.

They are encrypted, as what opens mail elsewhere is (services/secrets.py). Whoever asks for the salt of an address that
has none is told one all the same, always the same, so that nobody learns who is here.
"""

from __future__ import annotations

import functools
import hashlib
import os

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from mailserver.errors import SecretUnreadable
from mailserver.mail.scram import SALT_OCTETS, Salt, Verifier
from mailserver.services import secrets
from mailserver.store.models import Account, ScramVerifier


def begin(account: Account, password: str) -> None:
    """Make the first verifier of an account that nobody knows yet; part of the caller's transaction."""
    ScramVerifier.objects.create(account=account, secret=_secret(password), stamp=_stamp(account))


def keep(account: Account, password: str) -> None:
    """Make the verifier of a password that is the account's, unless it is there."""
    row = ScramVerifier.objects.filter(pk=account.pk).first()
    if row is not None and _opened(row, account) is not None:
        return
    secret = _secret(password)
    with transaction.atomic():
        # Who changes the password meanwhile keeps the verifier of the new one.
        same = Account.objects.select_for_update(no_key=True).filter(pk=account.pk, password=account.password)
        if same.first() is not None:
            ScramVerifier.objects.update_or_create(
                account=account, defaults={"secret": secret, "stamp": _stamp(account)}
            )


def find(account: Account | None, name: str) -> tuple[Verifier, bool]:
    """The account's verifier and True, or one that accepts no proof and False. Both take the same time.

    `name` is what the client calls the account, in the one way we write it.
    """
    row = ScramVerifier.objects.filter(pk=account.pk if account else 0).first()
    found = _opened(row, account) if row and account else None
    if found is None:
        secrets.decrypt(_anything())
    return (found, True) if found else (_pretended(name), False)


def _secret(password: str) -> str:
    return secrets.encrypt(str(Verifier.of(password, Salt(os.urandom(SALT_OCTETS), settings.SCRAM_ITERATIONS))))


def _opened(row: ScramVerifier, account: Account) -> Verifier | None:
    """None when it belongs to another password, or no key of ours opens it any more, or it is of an older count of
    iterations: that would tell who is here, as the count of those who are not is the one of today.
    """
    if not constant_time_compare(row.stamp, _stamp(account)):
        return None
    try:
        found = Verifier.read(secrets.decrypt(row.secret))
    except SecretUnreadable:
        return None
    return found if found.salt.iterations == settings.SCRAM_ITERATIONS else None


def _stamp(account: Account) -> str:
    return hashlib.sha256(account.password.encode()).hexdigest()


def _pretended(name: str) -> Verifier:
    salt = salted_hmac("correio.scram", name, algorithm="sha256").digest()[:SALT_OCTETS]
    # No password is known that these keys were made of.
    return Verifier(Salt(salt, settings.SCRAM_ITERATIONS), os.urandom(32), os.urandom(32))


@functools.lru_cache(maxsize=1)
def _anything() -> str:
    return secrets.encrypt(str(_pretended("")))
