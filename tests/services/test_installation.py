from __future__ import annotations

import pytest

from mailserver.errors import InvalidName, NotPermitted
from mailserver.services import installation
from mailserver.store.models import Account, Domain
from tests.support.people import PASSWORD


def test_it_begins_once(db):
    assert installation.is_empty()
    installation.begin(address="alice@crepes.fr", name="Alice", password=PASSWORD)
    assert not installation.is_empty()
    with pytest.raises(NotPermitted):
        installation.begin(address="bob@hamburger.edu", name="Bob", password=PASSWORD)
    assert Account.objects.get().is_superuser
    assert list(Domain.objects.values_list("name", flat=True)) == ["crepes.fr"]


def test_it_makes_nothing_of_a_wrong_address(db):
    with pytest.raises(InvalidName):
        installation.begin(address="alice", name="", password=PASSWORD)
    with pytest.raises(InvalidName):
        installation.begin(address="alice+club@crepes.fr", name="", password=PASSWORD)
    assert not Domain.objects.exists()
