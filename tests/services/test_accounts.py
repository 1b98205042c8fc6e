from __future__ import annotations

import pytest

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.services import accounts, mailboxes
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.store.models import Mailbox
from tests.support.people import PASSWORD


def test_it_makes_an_account_with_its_folders(alice):
    assert [box.special_use for box in mailboxes.list_for(alice.pk)] == list(Mailbox.Use.values)[1:]
    assert alice.check_password(PASSWORD)
    assert accounts.own_addresses(alice.pk) == ["alice@crepes.fr"]


@pytest.mark.parametrize("address", ["alice@crepes.fr", "ALICE@crepes.fr"])
def test_it_refuses_a_taken_address(alice, address):
    with pytest.raises(AlreadyExists):
        create_account(address=address, password=PASSWORD)


@pytest.mark.parametrize("address", ["", "alice", "a b@crepes.fr", "x+y@crepes.fr", "x\r\n@crepes.fr", "x@crepes.fr\0"])
def test_it_refuses_what_is_no_address(domains, address):
    with pytest.raises(InvalidName):
        create_account(address=address, password=PASSWORD)


def test_it_refuses_a_domain_of_others(domains):
    with pytest.raises(NotFound):
        create_account(address="ana@mill.pt", password=PASSWORD)


def test_it_takes_a_domain_in_unicode(db):
    domain = add_domain("Crêpes.example")
    assert domain.name == "xn--crpes-isa.example"
    assert str(domain) == "crêpes.example"
    with pytest.raises(AlreadyExists):
        add_domain("crêpes.example")


def test_it_changes_a_password(alice):
    accounts.set_password(account_id=alice.pk, password="another long one")
    alice.refresh_from_db()
    assert alice.check_password("another long one")
