"""Failing addresses of all accounts."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailserver.store.models import Suppression

URL = "/admin/failing/"


@pytest.fixture
def row(alice) -> Suppression:
    now = timezone.now()
    said = {"status": "5.1.1", "reason": "550 5.1.1 No such user"}
    return Suppression.objects.create(account=alice, address="bob@mill.pt", failures=2, last_at=now, since=now, **said)


def test_it_lists_and_finds_them(office, row):
    found = office.get(URL).content.decode()
    assert "bob@mill.pt" in found
    assert "list of alice@crepes.fr" in found
    assert "bob@mill.pt" in office.get(URL, {"q": "ALICE@"}).content.decode()
    assert "Nothing here matches" in office.get(URL, {"q": "dora"}).content.decode()


def test_it_takes_one_off(office, row):
    assert office.post(URL, {"remove": row.pk}).status_code == 302
    assert not Suppression.objects.exists()
    assert office.post(URL, {"remove": row.pk}).status_code == 404
    assert "No address fails." in office.get(URL).content.decode()


@pytest.mark.parametrize("query", [{"from": "x"}, {"from": "1" * 10}])
def test_it_takes_no_other_offsets(office, query):
    assert office.get(URL, query).status_code == 404
