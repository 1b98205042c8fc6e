"""Groups and forwards."""

from __future__ import annotations

import pytest

from mailserver.services.accounts import add_alias
from mailserver.services.forwards import add_forward
from mailserver.services.groups import add_group, members_of
from mailserver.store.models import Address, Forward
from tests.dashboard.test_tables import errors

GROUP = {"address": "team@crepes.fr", "members": "alice@crepes.fr\r\n\r\n ana@Mill.PT \r\nalice@crepes.fr"}


def test_it_adds_a_group(office, alice):
    assert office.post("/admin/store/group/add/", GROUP).status_code == 302
    group = Address.objects.get(local_part="team")
    assert (group.kind, group.account_id, members_of(group.pk)) == ("group", None, ["alice@crepes.fr", "ana@mill.pt"])
    assert "team@crepes.fr" in office.get("/admin/store/group/", {"q": "mill.pt"}).content.decode()
    assert "team@crepes.fr" not in office.get("/admin/store/address/").content.decode()
    assert "ana@mill.pt" not in office.get("/admin/store/forward/").content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": "alice@crepes.fr"}, "is taken"),
        ({"address": "team@elsewhere.example"}, "is not hosted here"),
        ({"address": "team"}, "has the form name@example.org"),
        ({"members": "nobody@crepes.fr"}, "Nobody here takes mail as"),
        ({"members": "rubbish"}, "has the form name@example.org"),
        ({"members": " \r\n "}, "required"),
        ({"members": "\n".join(f"m{number}@mill.pt" for number in range(501))}, "at most 500"),
    ],
)
def test_it_says_at_the_field_why_a_group_cannot_be(office, alice, changes, words):
    assert words in errors(office.post("/admin/store/group/add/", {**GROUP, **changes}))
    assert not Forward.objects.exists()


def test_it_changes_and_removes_a_group(office, alice, bob):
    group = add_group(address="team@crepes.fr", members=["alice@crepes.fr", "ana@mill.pt"])
    url = f"/admin/store/group/{group.pk}/"
    assert "alice@crepes.fr\nana@mill.pt</textarea>" in office.get(f"{url}change/").content.decode()
    office.post(f"{url}change/", {"members": "ana@mill.pt\r\nbob@hamburger.edu"})
    group.refresh_from_db()
    assert (members_of(group.pk), group.enabled) == (["ana@mill.pt", "bob@hamburger.edu"], False)
    assert office.post(f"{url}delete/", {"post": "yes"}).status_code == 302
    assert not Forward.objects.exists()
    assert Address.objects.filter(account=alice).exists()


def test_a_group_is_no_alias(office, alice):
    group = add_group(address="team@crepes.fr", members=["alice@crepes.fr"])
    answer = office.post(f"/admin/store/address/{group.pk}/change/", {"account": "alice@crepes.fr", "enabled": "on"})
    assert answer.status_code == 302
    group.refresh_from_db()
    assert group.account_id is None


def test_it_asks_in_the_order_of_the_way(office):
    text = office.get("/admin/store/forward/add/").content.decode()
    places = [text.index(f'name="{name}"') for name in ("source", "whole_account", "to", "keep")]
    assert places == sorted(places)


def test_it_adds_forwards_of_an_address_and_of_an_account(office, alice):
    add_alias(account_id=alice.pk, address="kitchen@crepes.fr")
    url = "/admin/store/forward/add/"
    office.post(url, {"source": "Kitchen@crepes.fr", "to": "cook@mill.pt"})
    office.post(url, {"source": "alice@crepes.fr", "whole_account": "on", "to": "alice@mill.pt", "keep": "on"})
    rows = Forward.objects.order_by("id")
    assert [(str(row), row.keep) for row in rows] == [
        ("kitchen@crepes.fr → cook@mill.pt", False),
        ("alice@crepes.fr → alice@mill.pt", True),
    ]
    assert [row.account_id for row in rows] == [None, alice.pk]
    page = office.get("/admin/store/forward/").content.decode()
    assert "All addresses of alice@crepes.fr" in page
    assert "kitchen@crepes.fr" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "nobody@crepes.fr"}, "There is no account or alias"),
        ({"source": "team@crepes.fr"}, "There is no account or alias"),
        ({"to": "nobody@crepes.fr"}, "Nobody here takes mail as"),
        ({"to": "x"}, "has the form name@example.org"),
        ({"to": "twice@mill.pt"}, "goes there already"),
    ],
)
def test_it_says_at_the_field_why_a_forward_cannot_be(office, alice, changes, words):
    add_group(address="team@crepes.fr", members=["alice@crepes.fr"])
    add_forward(address="alice@crepes.fr", to="twice@mill.pt")
    fields = {"source": "alice@crepes.fr", "to": "a@mill.pt", "keep": "on", **changes}
    assert words in errors(office.post("/admin/store/forward/add/", fields))
    assert Forward.objects.count() == 2


def test_it_changes_and_removes_a_forward(office, alice):
    forward = add_forward(address="alice@crepes.fr", to="a@mill.pt")
    add_forward(address="alice@crepes.fr", to="other@mill.pt")
    url = f"/admin/store/forward/{forward.pk}/"
    assert 'value="a@mill.pt"' in office.get(f"{url}change/").content.decode()
    assert "goes there already" in errors(office.post(f"{url}change/", {"to": "other@mill.pt", "enabled": "on"}))
    office.post(f"{url}change/", {"to": "b@mill.pt", "enabled": "on"})
    forward.refresh_from_db()
    assert (forward.target, forward.keep, forward.enabled) == ("b@mill.pt", False, True)
    assert office.post(f"{url}delete/", {"post": "yes"}).status_code == 302
    assert not Forward.objects.filter(pk=forward.pk).exists()
