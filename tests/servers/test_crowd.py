from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import redis

from mailserver.servers import bridge
from mailserver.servers.crowd import Crowd
from mailserver.servers.limits import Register
from mailserver.services import crowd

ADDRESS = "192.0.2.9"


class Guest:
    def stop(self) -> None:
        raise AssertionError("nobody ends here")


@pytest.fixture(autouse=True)
def key(settings, monkeypatch):
    monkeypatch.setattr(crowd, "_away_until", 0.0)
    name = f"correio:connections:test:{ADDRESS}"
    client = redis.Redis.from_url(settings.CORREIO.redis_url, decode_responses=True)
    client.delete(name)
    yield lambda: client.zcard(name)
    bridge.shut_down()


def process() -> Register:
    return Register(per_address=2, total=10, crowd=Crowd("test", 2))


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())


async def let_in(register: Register, guest: Guest) -> bool:
    return register.enter(guest, ADDRESS) and await register.confirm(guest)


def test_processes_count_together(key):
    async def story():
        one, other = process(), process()
        first, second, third = Guest(), Guest(), Guest()
        assert await let_in(one, first)
        assert await let_in(other, second)
        assert not await let_in(other, third)
        other.leave(third)
        one.leave(first)
        await one.close()
        assert key() == 1
        assert await let_in(other, third)
        # Who signs in does not count any more.
        other.trust(third)
        other.trust(second)
        await other.close()
        assert key() == 0

    run(story)


def test_who_goes_while_we_ask_leaves_nothing_behind(key):
    async def story():
        register, guest = process(), Guest()
        assert register.enter(guest, ADDRESS)
        asking = asyncio.create_task(register.confirm(guest))
        await asyncio.sleep(0)
        register.leave(guest)
        await asking
        await register.close()
        assert key() == 0
        assert register.empty.is_set()

    run(story)


def test_places_are_renewed(monkeypatch, key):
    renewed = asyncio.Event()
    monkeypatch.setattr(crowd, "RENEWED_EVERY", 0.01)

    async def story():
        register, loop = process(), asyncio.get_running_loop()
        seen = []

        def renew(places):
            seen.append([place.whose for place in places])
            loop.call_soon_threadsafe(renewed.set)
            if len(seen) == 1:
                raise ValueError("a fault of ours")

        monkeypatch.setattr(crowd, "renew", renew)
        guest = Guest()
        assert await let_in(register, guest)
        while len(seen) < 2:
            renewed.clear()
            await asyncio.wait_for(renewed.wait(), 10)
        assert seen[1] == [ADDRESS]
        register.leave(guest)
        await register.close()

    run(story)


def test_accounts_count_in_all_processes_too(settings):
    redis.Redis.from_url(settings.CORREIO.redis_url).delete("correio:connections:test:account 7")

    async def story():
        processes = [Register(per_address=9, total=9, per_account=1, crowd=Crowd("test", 9)) for _ in range(2)]
        guests = [Guest() for _ in processes]
        for register, guest in zip(processes, guests, strict=True):
            assert await let_in(register, guest)
        assert await processes[0].sign_in(guests[0], 7)
        assert not await processes[1].sign_in(guests[1], 7)
        for register, guest in zip(processes, guests, strict=True):
            register.leave(guest)
            await register.close()

    run(story)
