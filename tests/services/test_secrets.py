from __future__ import annotations

import dataclasses

import pytest

from mailserver.errors import SecretUnreadable
from mailserver.services import secrets
from tests.services.importing import (
    added,
)


def test_secrets_are_rotated_and_say_nothing(alice, settings):
    old, new = secrets.Fernet.generate_key().decode(), secrets.Fernet.generate_key().decode()
    config = settings.CORREIO
    settings.CORREIO = dataclasses.replace(config, encryption_keys=(old,))
    row = added(alice, 1, password="crème brûlée")
    settings.CORREIO = dataclasses.replace(config, encryption_keys=(new, old, *config.encryption_keys))
    assert secrets.decrypt(row.secret) == "crème brûlée"
    # With the verifier of Alice's own password.
    assert secrets.rotate() == (2, 0)
    settings.CORREIO = dataclasses.replace(config, encryption_keys=(new,))
    row.refresh_from_db()
    assert secrets.decrypt(row.secret) == "crème brûlée"
    settings.CORREIO = dataclasses.replace(config, encryption_keys=(old,))
    with pytest.raises(SecretUnreadable) as error:
        secrets.decrypt(row.secret)
    assert error.value.__cause__ is None
    assert row.secret not in str(error.value)
    assert secrets.rotate() == (0, 2)
