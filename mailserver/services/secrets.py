"""Passwords of other servers and our signing keys, which must be used as they are and so cannot be hashed, and what
proofs of passwords are checked with: encrypted in the database.

`CORREIO_ENCRYPTION_KEYS` holds the keys. The first one encrypts, all of them decrypt, so that a key can be replaced
without a break. What is said when something cannot be read names neither the key nor the secret.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction

from mailserver.errors import SecretUnreadable
from mailserver.store.models import DkimKey, ExternalAccount, Relay, ScramVerifier


def encrypt(secret: str) -> str:
    """The secret as printable text that only our keys open."""
    return _keys().encrypt(secret.encode()).decode()


def decrypt(kept: str) -> str:
    """What `encrypt` was given. Raises SecretUnreadable when no key opens it."""
    try:
        return _keys().decrypt(kept.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable("The password that is kept here cannot be read any more. Give it again.") from None


def rotate() -> tuple[int, int]:
    """Encrypt everything with the first key; how many secrets, and how many that no key opens and that stay."""
    done = lost = 0
    with transaction.atomic():
        for row in _rows():
            try:
                row.secret = _keys().rotate(row.secret.encode()).decode()
            except InvalidToken:
                lost += 1
                continue
            row.save(update_fields=["secret"])
            done += 1
    return done, lost


def _rows() -> Iterator[ExternalAccount | Relay | DkimKey | ScramVerifier]:
    """Everything that holds a secret, locked. A retired signing key holds none any more."""
    yield from ExternalAccount.objects.select_for_update(no_key=True).order_by("id").iterator()
    yield from Relay.objects.select_for_update(no_key=True).exclude(secret="").order_by("id").iterator()
    yield from DkimKey.objects.select_for_update(no_key=True).exclude(secret="").order_by("id").iterator()
    yield from ScramVerifier.objects.select_for_update(no_key=True).order_by("account").iterator()


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CORREIO.encryption_keys])
