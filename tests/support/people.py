"""The people of the story: Alice at crepes.fr, Bob at hamburger.edu, and Charlie, the outsider."""

from __future__ import annotations

import pytest

from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.store.models import Account, Domain

PASSWORD = "buckwheat and cider"


@pytest.fixture
def domains(db) -> dict[str, Domain]:
    return {name: add_domain(name, keys=False) for name in ("crepes.fr", "hamburger.edu")}


@pytest.fixture
def alice(domains) -> Account:
    return create_account(address="alice@crepes.fr", name="Alice", password=PASSWORD)


@pytest.fixture
def bob(domains) -> Account:
    return create_account(address="bob@hamburger.edu", name="Bob", password=PASSWORD)


@pytest.fixture
def charlie(domains) -> Account:
    return create_account(address="charlie@hamburger.edu", name="Charlie", password=PASSWORD)
