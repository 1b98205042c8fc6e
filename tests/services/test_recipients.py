from __future__ import annotations

import pytest

from mailserver.errors import RecipientDisabled, UnknownRecipient
from mailserver.mail.addresses import parse
from mailserver.services import recipients
from mailserver.services.accounts import add_alias, create_account
from mailserver.services.recipients import Local, Remote, lookup
from tests.support.mail import delivered
from tests.support.people import PASSWORD


@pytest.mark.parametrize(
    "text", ["alice@crepes.fr", "ALICE@Crepes.FR", "alice+orders@crepes.fr", "Alice+a+b@crepes.fr"]
)
def test_it_finds_alice(alice, text):
    assert lookup(parse(text)).account_id == alice.pk


def test_it_finds_an_alias(alice):
    add_alias(account_id=alice.pk, address="kitchen@crepes.fr")
    assert lookup(parse("kitchen@crepes.fr")) == Local(alice.pk, "kitchen@crepes.fr")


def test_it_prefers_an_address_with_a_plus_that_exists(alice, charlie, domains):
    domains["crepes.fr"].addresses.create(local_part="alice+shop", account=charlie)
    assert lookup(parse("alice+shop@crepes.fr")).account_id == charlie.pk


def test_it_does_not_know_a_stranger_of_a_hosted_domain(alice):
    with pytest.raises(UnknownRecipient):
        lookup(parse("nobody@crepes.fr"))


def test_it_gives_unknown_names_to_the_catch_all(alice, domains):
    domains["crepes.fr"].catch_all = alice
    domains["crepes.fr"].save()
    assert lookup(parse("nobody@crepes.fr")).account_id == alice.pk


@pytest.fixture
def catching(bob, domains):
    domains["crepes.fr"].catch_all = bob
    domains["crepes.fr"].save()


def test_it_gives_the_mail_of_a_closed_account_to_nobody(alice, catching):
    alice.is_active = False
    alice.save()
    for text in ("alice@crepes.fr", "Alice+news@crepes.fr"):
        with pytest.raises(RecipientDisabled):
            lookup(parse(text))


def test_it_gives_the_mail_of_a_switched_off_address_to_nobody(alice, catching, domains):
    domains["crepes.fr"].addresses.create(local_part="alice+shop", account=alice, enabled=False)
    with pytest.raises(RecipientDisabled):
        lookup(parse("alice+shop@crepes.fr"))
    assert lookup(parse("alice+other@crepes.fr")).account_id == alice.pk


def test_it_has_no_use_for_a_catch_all_that_is_closed(bob, catching):
    bob.is_active = False
    bob.save()
    with pytest.raises(UnknownRecipient):
        lookup(parse("nobody@crepes.fr"))


def test_it_leaves_other_domains_to_other_servers(alice):
    assert lookup(parse("ana@mill.pt")) == Remote("ana@mill.pt", "mill.pt")


def test_it_brings_postmaster_to_an_administrator(domains):
    admin = create_account(address="root@crepes.fr", password=PASSWORD, admin=True)
    assert lookup(parse("Postmaster@hamburger.edu")).account_id == admin.pk
    domains["hamburger.edu"].addresses.create(local_part="postmaster", account=admin, enabled=False)
    assert lookup(parse("postmaster@hamburger.edu")).account_id == admin.pk


def test_it_knows_the_room_left(alice):
    before = recipients.room(alice.pk)
    delivered(alice)
    assert 0 < before - recipients.room(alice.pk) < 2000
    alice.quota = 10
    alice.save()
    assert recipients.room(alice.pk) == 0
    alice.quota = 0
    alice.save()
    assert recipients.room(alice.pk) == recipients.UNBOUNDED
