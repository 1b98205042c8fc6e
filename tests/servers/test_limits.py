from __future__ import annotations

import asyncio

from mailserver.servers.limits import Register


class Guest:
    def __init__(self) -> None:
        self.asked_to_go = False

    def stop(self) -> None:
        self.asked_to_go = True


def test_it_lets_in_so_many_from_one_address():
    register = Register(per_address=2, total=10)
    first, second, third = Guest(), Guest(), Guest()
    assert register.enter(first, "192.0.2.1")
    assert register.enter(second, "192.0.2.1")
    assert not register.enter(third, "192.0.2.1")
    assert register.enter(third, "192.0.2.2")
    register.leave(first)
    assert register.enter(Guest(), "192.0.2.1")


def test_it_lets_in_so_many_in_all():
    register = Register(per_address=None, total=2)
    assert register.enter(Guest(), "192.0.2.1")
    assert register.enter(Guest(), "192.0.2.2")
    assert not register.enter(Guest(), "192.0.2.3")


def test_it_does_not_count_who_signed_in():
    register = Register(per_address=1, total=10)
    alice, bob = Guest(), Guest()
    register.enter(alice, "192.0.2.1")
    register.trust(alice)
    assert register.enter(bob, "192.0.2.1")
    register.leave(alice)
    assert not register.enter(Guest(), "192.0.2.1")
    assert len(register) == 1


def test_it_forgets_guests_it_turned_away():
    register = Register(per_address=1, total=10)
    inside, outside = Guest(), Guest()
    register.enter(inside, "192.0.2.1")
    register.enter(outside, "192.0.2.1")
    register.trust(outside)
    register.leave(outside)
    assert not register.enter(outside, "192.0.2.1")
    register.leave(inside)
    assert register.empty.is_set()


def test_it_asks_everybody_to_go():
    register = Register(per_address=None, total=10)
    guests = [Guest(), Guest()]
    for guest in guests:
        register.enter(guest, "192.0.2.1")
    register.stop()
    assert all(guest.asked_to_go for guest in guests)
    assert not register.empty.is_set()


def test_who_signs_in_counts_for_the_account():
    async def story():
        register = Register(per_address=1, total=10, per_account=2)
        guests = [Guest() for _ in range(4)]
        for number, guest in enumerate(guests[:3]):
            assert register.enter(guest, "192.0.2.1")
            assert await register.sign_in(guest, 7) == (number < 2)
        register.leave(guests[0])
        assert register.enter(guests[3], "192.0.2.1")
        assert await register.sign_in(guests[3], 7)
        register.leave(guests[2])
        assert register.enter(guests[2], "192.0.2.1")
        assert await register.sign_in(guests[2], 8)

    asyncio.run(story())
