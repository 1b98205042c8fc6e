from __future__ import annotations

import pytest

from mailserver.errors import UnknownRecipient
from mailserver.mail.addresses import parse
from mailserver.services.accounts import add_alias
from mailserver.services.forwards import add_forward
from mailserver.services.route_cache import PLENTY, RouteCache


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def cache(now) -> RouteCache:
    return RouteCache(seconds=5.0, most=100, clock=lambda: now[0])


def test_it_asks_once_in_a_few_seconds(alice, cache, now, django_assert_num_queries):
    address = parse("alice@crepes.fr")
    first = cache.resolve(address)
    with django_assert_num_queries(0):
        assert all(cache.resolve(address) == first for _ in range(1000))
    now[0] += 5.1
    with django_assert_num_queries(2):
        assert cache.resolve(address) == first


def test_a_change_counts_after_these_seconds(alice, cache, now):
    address = parse("alice@crepes.fr")
    assert cache.resolve(address).onward == ()
    add_forward(address="alice@crepes.fr", to="alice@mill.pt")
    assert cache.resolve(address).onward == ()
    now[0] += 5.1
    assert len(cache.resolve(address).onward) == 1


def test_it_keeps_no_refusals(alice, cache):
    with pytest.raises(UnknownRecipient):
        cache.resolve(parse("new@crepes.fr"))
    assert cache.resolve(parse("ana@mill.pt")) is None
    add_alias(account_id=alice.pk, address="new@crepes.fr")
    assert cache.resolve(parse("new@crepes.fr"))


def test_it_is_bounded(alice, cache):
    for number in range(250):
        cache.resolve(parse(f"alice+{number}@crepes.fr"))
    assert len(cache) <= 100


def test_a_route_with_plenty_of_room_is_at_hand_without_the_database(alice, cache, now, django_assert_num_queries):
    address = parse("alice@crepes.fr")
    assert cache.at_hand(address, 0) is None
    route = cache.resolve(address)
    assert cache.at_hand(address, 0) is None, "nobody has looked at the room"
    cache.note_room(address, PLENTY + 1000)
    with django_assert_num_queries(0):
        assert cache.at_hand(address, 999) == route
        assert cache.at_hand(address, 1000) is None
        now[0] += 5.1
        assert cache.at_hand(address, 0) is None
    cache.resolve(address)
    assert cache.at_hand(address, 0) is None, "the room is of the route before"


def test_no_room_is_remembered_without_a_route(cache):
    cache.note_room(parse("ana@mill.pt"), PLENTY * 2)
    assert cache.at_hand(parse("ana@mill.pt"), 0) is None
