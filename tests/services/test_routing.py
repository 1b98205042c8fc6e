"""Who gets mail to an address, after groups and forwards."""

from __future__ import annotations

import pytest

from mailserver.errors import DomainDisabled, RecipientDisabled, UnknownRecipient
from mailserver.mail.addresses import parse
from mailserver.services import routing
from mailserver.services.accounts import add_alias
from mailserver.services.forwards import add_forward
from mailserver.services.groups import add_group
from mailserver.services.recipients import Local
from mailserver.services.routing import Onward, Route
from mailserver.store.models import Address, Forward


def route(text: str) -> Route:
    found = routing.resolve(parse(text))
    assert found
    return found


def people(text: str) -> set[int]:
    return {local.account_id for local in route(text).mailboxes}


def elsewhere(text: str) -> list[str]:
    return [onward.address for onward in route(text).onward]


def member(group: str, target: str) -> None:
    """Past the checks of the service."""
    local, _, domain = group.partition("@")
    address = Address.objects.get(local_part=local, domain__name=domain)
    Forward.objects.create(address=address, target=target)


def test_it_knows_mailboxes_and_strangers(alice):
    assert route("alice+x@crepes.fr") == Route((Local(alice.pk, "alice+x@crepes.fr"),))
    assert routing.resolve(parse("ana@mill.pt")) is None
    with pytest.raises(UnknownRecipient):
        route("nobody@crepes.fr")


def test_a_forward_keeps_a_copy_or_not(alice):
    forward = add_forward(address="alice@crepes.fr", to="alice@mill.pt")
    here = Local(alice.pk, "alice@crepes.fr")
    onward = Onward("alice@mill.pt", "mill.pt", ("alice@crepes.fr",), here)
    assert route("alice@crepes.fr") == Route((here,), (onward,))
    Forward.objects.filter(pk=forward.pk).update(keep=False)
    assert route("alice@crepes.fr") == Route((), (onward,))
    Forward.objects.filter(pk=forward.pk).update(enabled=False)
    assert route("alice@crepes.fr") == Route((here,))


def test_one_forward_that_keeps_a_copy_is_enough(alice):
    add_forward(address="alice@crepes.fr", to="a@mill.pt", keep=False)
    add_forward(address="alice@crepes.fr", to="b@mill.pt", keep=True)
    assert people("alice@crepes.fr") == {alice.pk}
    assert elsewhere("alice@crepes.fr") == ["a@mill.pt", "b@mill.pt"]


def test_a_forward_of_an_address_is_not_one_of_the_account(alice):
    add_alias(account_id=alice.pk, address="kitchen@crepes.fr")
    add_forward(address="kitchen@crepes.fr", to="cook@mill.pt")
    assert elsewhere("alice@crepes.fr") == []
    assert elsewhere("kitchen@crepes.fr") == ["cook@mill.pt"]
    add_forward(address="kitchen@crepes.fr", to="all@mill.pt", whole_account=True)
    assert elsewhere("alice@crepes.fr") == ["all@mill.pt"]
    assert elsewhere("kitchen@crepes.fr") == ["cook@mill.pt", "all@mill.pt"]
    assert [one.through for one in route("kitchen@crepes.fr").onward] == [
        ("kitchen@crepes.fr",),
        ("alice@crepes.fr",),
    ]


def test_what_the_catch_all_takes_is_forwarded_with_the_account(alice, domains):
    domains["crepes.fr"].catch_all = alice
    domains["crepes.fr"].save()
    add_forward(address="alice@crepes.fr", to="a@mill.pt", whole_account=True, keep=False)
    assert route("anything@crepes.fr").mailboxes == ()
    assert elsewhere("anything@crepes.fr") == ["a@mill.pt"]


def test_a_group_reaches_each_once_however_many_ways_lead_there(alice, bob, charlie):
    add_group(address="cooks@crepes.fr", members=["alice@crepes.fr", "ana@mill.pt"])
    add_group(
        address="team@crepes.fr",
        members=["cooks@crepes.fr", "ALICE@crepes.fr", "bob@hamburger.edu", "ana@mill.pt", "charlie@hamburger.edu"],
    )
    add_forward(address="charlie@hamburger.edu", to="bob@hamburger.edu", keep=False)
    found = route("team+x@crepes.fr")
    assert [local.account_id for local in found.mailboxes] == [alice.pk, bob.pk]
    assert {local.address for local in found.mailboxes} == {"team+x@crepes.fr"}
    assert [(one.address, one.through) for one in found.onward] == [
        ("ana@mill.pt", ("team@crepes.fr", "cooks@crepes.fr"))
    ]


def test_circles_end(alice, bob):
    add_group(address="one@crepes.fr", members=["alice@crepes.fr"])
    add_group(address="two@crepes.fr", members=["one@crepes.fr"])
    member("one@crepes.fr", "two@crepes.fr")
    member("one@crepes.fr", "one@crepes.fr")
    assert people("one@crepes.fr") == people("two@crepes.fr") == {alice.pk}


def test_two_who_forward_to_each_other_lose_nothing(alice, bob):
    add_forward(address="alice@crepes.fr", to="bob@hamburger.edu", keep=False)
    add_forward(address="bob@hamburger.edu", to="alice@crepes.fr", keep=False)
    assert people("alice@crepes.fr") == {bob.pk}
    assert people("bob@hamburger.edu") == {alice.pk}


def test_a_chain_that_is_absurdly_long_ends(alice, caplog):
    add_group(address="g0@crepes.fr", members=["alice@crepes.fr"])
    for number in range(1, 15):
        add_group(address=f"g{number}@crepes.fr", members=[f"g{number - 1}@crepes.fr"])
    assert people(f"g{routing.DEEPEST - 1}@crepes.fr") == {alice.pk}
    with pytest.raises(RecipientDisabled):
        route("g14@crepes.fr")
    assert "is not followed beyond" in caplog.text


@pytest.mark.parametrize("trouble", ["gone", "closed", "no address"])
def test_a_forward_that_leads_nowhere_does_not_cost_the_only_copy(alice, bob, trouble):
    forward = add_forward(address="alice@crepes.fr", to="bob@hamburger.edu", keep=False)
    if trouble == "gone":
        Forward.objects.filter(pk=forward.pk).update(target="nobody@hamburger.edu")
    elif trouble == "closed":
        bob.is_active = False
        bob.save()
    else:
        Forward.objects.filter(pk=forward.pk).update(target="rubbish")
    assert people("alice@crepes.fr") == {alice.pk}


def test_a_group_without_anybody_takes_no_mail(alice):
    group = add_group(address="team@crepes.fr", members=["alice@crepes.fr"])
    alice.is_active = False
    alice.save()
    with pytest.raises(RecipientDisabled):
        route("team@crepes.fr")
    Address.objects.filter(pk=group.pk).update(enabled=False)
    with pytest.raises(RecipientDisabled):
        route("team@crepes.fr")


def test_a_domain_that_is_off_takes_no_mail_and_keeps_that_of_groups_waiting(alice, bob, domains):
    add_group(address="team@crepes.fr", members=["alice@crepes.fr", "bob@hamburger.edu"])
    domains["hamburger.edu"].enabled = False
    domains["hamburger.edu"].save()
    with pytest.raises(DomainDisabled):
        route("bob@hamburger.edu")
    with pytest.raises(UnknownRecipient):
        route("nobody@hamburger.edu")
    assert people("team@crepes.fr") == {alice.pk}
    assert elsewhere("team@crepes.fr") == ["bob@hamburger.edu"]


def test_marked_mail_is_filed_and_not_forwarded_again(alice):
    add_forward(address="alice@crepes.fr", to="alice@mill.pt", keep=False)
    found = route("alice@crepes.fr")
    assert found.unmarked(frozenset({"bob@hamburger.edu"})) == found
    assert found.unmarked(frozenset({"alice@crepes.fr"})) == Route((Local(alice.pk, "alice@crepes.fr"),))


def test_a_group_elsewhere_has_nobody_for_marked_mail(domains):
    add_group(address="team@crepes.fr", members=["ana@mill.pt"])
    assert route("team@crepes.fr").unmarked(frozenset({"team@crepes.fr"})) == Route()


def test_finding_a_mailbox_takes_two_queries_and_a_group_two_for_each_member(alice, bob, django_assert_num_queries):
    add_group(address="team@crepes.fr", members=["alice@crepes.fr", "bob@hamburger.edu"])
    with django_assert_num_queries(2):
        route("alice@crepes.fr")
    with django_assert_num_queries(6):
        route("team@crepes.fr")
