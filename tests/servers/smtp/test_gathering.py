"""How long the next group is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from mailserver.servers import bridge
from mailserver.servers.smtp import committer as module
from mailserver.servers.smtp.committer import Committer
from mailserver.services.inbound import Incoming, Stored
from tests.support.groups import Store, letter, submit


@pytest.fixture(autouse=True)
def no_threads_left():
    """Nor any at the beginning: those of another test keep a connection, not to be touched without a database."""
    bridge.shut_down()
    yield
    bridge.shut_down()


def test_after_a_group_of_several_all_who_were_answered_may_come_again_before_the_next():
    store = Store()

    async def session(committer: Committer, name: str, words: int) -> None:
        """Says so many words before the second message, each when the loop comes round again."""
        await committer.deliver(letter(f"{name}1"))
        for _ in range(words):
            committer.hear()
            await asyncio.sleep(0)
        await committer.deliver(letter(f"{name}2"))

    def deliver(batch: Sequence[Incoming]) -> list[Stored | Exception]:
        threading.Event().wait(0.05)
        return store.deliver(batch)

    async def scenario() -> None:
        committer = Committer(service=deliver)
        alone = await submit(committer, [letter("first")])
        await store.begun(1)
        sessions = [asyncio.create_task(session(committer, name, 3 * at)) for at, name in enumerate("abc")]
        await asyncio.sleep(0)
        store.open.set()
        await asyncio.gather(*alone, *sessions)

    asyncio.run(scenario())
    assert store.groups == [["first"], ["a1", "b1", "c1"], ["a2", "b2", "c2"]]


def test_a_message_does_not_wait_for_those_who_have_no_more(monkeypatch):
    """The pauses would last for hours; without a word from anybody there is one."""
    slept = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    store = Store()

    async def scenario() -> None:
        committer = Committer(service=store.deliver)
        tasks = await submit(committer, [letter(name) for name in "abc"])
        store.open.set()
        await asyncio.gather(*tasks)
        monkeypatch.setattr(module.asyncio, "sleep", noted)
        await committer.close()
        assert await committer.deliver(letter("d"))

    asyncio.run(scenario())
    assert store.groups == [["a", "b", "c"], ["d"]]
    assert len(slept) <= 1
