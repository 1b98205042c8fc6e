"""What a Redis connection that has subscribed says, however it is cut."""

from __future__ import annotations

import asyncio

import pytest
import redis
from redis.exceptions import RedisError

from mailserver.servers.subscription import Messages, opened
from tests.support import services

STREAM = (
    b"*3\r\n$9\r\nsubscribe\r\n$3\r\none\r\n:1\r\n"
    b"*3\r\n$7\r\nmessage\r\n$3\r\none\r\n$2\r\n{}\r\n"
    b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
    b"*3\r\n$7\r\nmessage\r\n$3\r\none\r\n$8\r\na\r\n\xc3\xa9\r\nb\r\n"
)
SAID = [("one", "{}"), ("one", "a\r\n\u00e9\r\nb")]


class Wire(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


def heard(*pieces: bytes) -> tuple[list[tuple[str, str]], bool]:
    """What is told of these pieces, and whether the connection was given up."""

    async def scenario() -> tuple[list[tuple[str, str]], bool]:
        told: list[tuple[str, str]] = []
        wire = Wire()
        messages = Messages(wire, lambda name, text: told.append((name, text)))
        for piece in pieces:
            messages.data_received(piece)
        return told, wire.aborted

    return asyncio.run(scenario())


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_it_tells_messages_wherever_they_are_cut(at):
    assert heard(STREAM[:at], STREAM[at:]) == (SAID, False)


def test_it_tells_messages_that_come_octet_by_octet():
    assert heard(*(bytes([octet]) for octet in STREAM)) == (SAID, False)


@pytest.mark.parametrize("said", [b"-NOAUTH no\r\n", b"*x\r\n", b"*1\r\n$y\r\n"])
def test_what_is_no_message_ends_the_connection(said):
    assert heard(STREAM, said) == (SAID, True)


async def until(true) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - Redis has no event for it
            await asyncio.sleep(0.01)


@pytest.fixture
def client():
    with redis.Redis.from_url(services.redis_url()) as client:
        yield client


def test_it_listens_to_what_was_added_and_not_removed(client):
    async def scenario() -> None:
        told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        subscription = await opened(services.redis_url(), lambda name, text: told.put_nowait((name, text)))
        subscription.add("test:one", "test:two")
        await until(lambda: client.publish("test:two", "first"))
        assert await asyncio.wait_for(told.get(), 10) == ("test:two", "first")
        subscription.remove("test:one")
        await until(lambda: not client.pubsub_numsub("test:one")[0][1])
        client.publish("test:one", "nobody")
        client.publish("test:two", "second")
        assert await asyncio.wait_for(told.get(), 10) == ("test:two", "second")
        await subscription.close()
        await until(lambda: not client.pubsub_numsub("test:two")[0][1])

    asyncio.run(scenario())


def test_who_waits_hears_of_the_end(client):
    async def scenario() -> None:
        subscription = await opened(f"{services.redis_url()}&client_name=doomed", lambda name, text: None)
        client.client_kill_filter(_id=next(one["id"] for one in client.client_list() if one["name"] == "doomed"))
        with pytest.raises(RedisError):
            await asyncio.wait_for(subscription.last(), 10)
        await subscription.close()

    asyncio.run(scenario())


def test_a_redis_that_is_away_is_a_redis_error(tmp_path):
    with pytest.raises(RedisError):
        asyncio.run(opened(f"unix://{tmp_path}/nobody.sock", lambda name, text: None))
