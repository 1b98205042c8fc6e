"""Ways of mail in the dashboard."""

from __future__ import annotations

import pytest

from mailserver.services import relays, secrets
from mailserver.store.models import Relay
from tests.dashboard.test_tables import errors

WAY = {
    "domain": "*",
    "host": "smart.example",
    "port": "587",
    "protection": "verify",
    "username": "us",
    "password": " hush ",
}
ADD = "/admin/store/relay/add/"


def test_it_adds_changes_and_removes_a_way(office):
    assert office.post(ADD, WAY).status_code == 302
    row = Relay.objects.get()
    assert (row.domain, row.host, row.port, row.protection) == ("*", "smart.example", 587, "verify")
    assert secrets.decrypt(row.secret) == " hush "
    page = office.get("/admin/store/relay/", {"q": "smart"}).content.decode()
    assert "All other domains" in page
    url = f"/admin/store/relay/{row.pk}/"
    form = office.get(f"{url}change/").content.decode()
    assert "hush" not in form
    assert row.secret not in form
    assert office.post(f"{url}change/", {**WAY, "password": "", "host": "192.0.2.1"}).status_code == 302
    row.refresh_from_db()
    assert (row.host, secrets.decrypt(row.secret)) == ("192.0.2.1", " hush ")
    assert office.post(f"{url}delete/", {"post": "yes"}).status_code == 302
    assert not Relay.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": "a b"}, "domain"),
        ({"domain": "taken.example"}, "has a way already"),
        ({"host": "http://smart.example/"}, "not the name of a host"),
        ({"port": "0"}, "greater than or equal to 1"),
        ({"protection": "never"}, "not one of the available choices"),
        ({"password": ""}, "needs its password"),
    ],
)
def test_it_says_at_the_field_why_a_way_cannot_be(office, changes, words):
    relays.save(domain="taken.example", host="a.example", port=25, protection="may")
    assert words in errors(office.post(ADD, {**WAY, **changes}))
    assert Relay.objects.count() == 1
