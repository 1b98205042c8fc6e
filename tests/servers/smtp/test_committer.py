"""Group commit by itself, over a service that says what it was given; and what clients of the MX hear of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from django.db import OperationalError, connections
from psycopg import errors

from mailserver.errors import OverQuota, StoreFull, Unavailable
from mailserver.servers import bridge
from mailserver.servers.smtp import committer as module
from mailserver.servers.smtp.committer import Committer
from mailserver.services import arrivals, inbound
from mailserver.services.inbound import Incoming, Stored
from mailserver.services.recipients import Local
from mailserver.store.models import Message
from tests.support.groups import Store, letter, submit
from tests.support.mail import message


@pytest.fixture(autouse=True)
def no_threads_left():
    """Nor any at the beginning: those of another test keep a connection, not to be touched without a database."""
    bridge.shut_down()
    yield
    bridge.shut_down()


def test_what_waits_while_one_is_filed_is_the_next_group():
    store = Store()

    async def scenario() -> list[Stored]:
        committer = Committer(service=store.deliver)
        first = await submit(committer, [letter("first")])
        await store.begun(1)
        rest = await submit(committer, [letter(name) for name in "abc"])
        store.open.set()
        return await asyncio.gather(*first, *rest)

    stored = asyncio.run(scenario())
    assert store.groups == [["first"], ["a", "b", "c"]]
    assert [answer.reference for answer in stored] == ["first", "a", "b", "c"]


def test_nobody_is_answered_before_the_group_is_filed():
    store = Store()

    async def scenario() -> None:
        tasks = await submit(Committer(service=store.deliver), [letter("a")])
        await store.begun(1)
        assert not (await asyncio.wait(tasks, timeout=0.05))[0]
        store.open.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [([1] * 450, [200, 200, 50]), ([1024 * 1024] * 9, [4, 4, 1])],
    ids=["messages", "octets"],
)
def test_a_group_is_bounded(sizes, groups):
    store = Store()

    async def scenario() -> None:
        committer = Committer(service=store.deliver)
        tasks = await submit(committer, [letter("a", size) for size in sizes])
        store.open.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
    assert [len(group) for group in store.groups] == groups


def test_a_large_message_does_not_keep_the_others_waiting():
    """Each call waits for the other one."""
    meeting = threading.Barrier(2, timeout=10)

    def deliver(batch: Sequence[Incoming]) -> list[Stored | Exception]:
        meeting.wait()
        return [Stored(incoming.sender, ()) for incoming in batch]

    async def scenario() -> None:
        committer = Committer(service=deliver)
        await asyncio.gather(committer.deliver(letter("large", module.LARGE + 1)), committer.deliver(letter("small")))

    asyncio.run(scenario())


def test_each_hears_its_own_answer():
    store = Store(lambda name: OverQuota(name) if name == "full" else None)
    store.open.set()

    async def scenario() -> list[Stored | BaseException]:
        committer = Committer(service=store.deliver)
        letters = [letter(name) for name in ("a", "full", "b")]
        return await asyncio.gather(*await submit(committer, letters), return_exceptions=True)

    first, full, last = asyncio.run(scenario())
    assert (first, last) == (Stored("a", ()), Stored("b", ()))
    assert isinstance(full, OverQuota)


def test_a_client_that_leaves_takes_nobody_along():
    """One leaves before its group begins, one while it is filed."""
    store = Store()

    async def scenario() -> None:
        committer = Committer(service=store.deliver)
        (early,) = await submit(committer, [letter("early")])
        await store.begun(1)
        waiting, stays = await submit(committer, [letter("waiting"), letter("stays")])
        waiting.cancel()
        early.cancel()
        await asyncio.sleep(0)
        store.open.set()
        assert (await stays).reference == "stays"
        assert early.cancelled()
        assert waiting.cancelled()

    asyncio.run(scenario())
    assert store.groups == [["early"], ["stays"]]


def test_close_waits_for_what_was_taken():
    store = Store()

    async def scenario() -> None:
        committer = Committer(service=store.deliver)
        tasks = await submit(committer, [letter("a"), letter("b", module.LARGE + 1)])
        closing = asyncio.create_task(committer.close())
        await store.begun(2)
        assert not closing.done()
        store.open.set()
        await closing
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("cause", "kind"),
    [(errors.AdminShutdown(), Unavailable), (errors.DiskFull(), StoreFull), (None, Unavailable)],
)
def test_trouble_of_the_database_is_told_to_all_and_is_over_with_it(cause, kind):
    away = True

    def deliver(batch: Sequence[Incoming]) -> list[Stored | Exception]:
        if away:
            raise OperationalError("no") from cause
        return [Stored(incoming.sender, ()) for incoming in batch]

    async def scenario() -> None:
        nonlocal away
        committer = Committer(service=deliver)
        tasks = await submit(committer, [letter("a"), letter("b")])
        for answer in await asyncio.gather(*tasks, return_exceptions=True):
            assert type(answer) is kind
        away = False
        assert (await committer.deliver(letter("c"))).reference == "c"

    asyncio.run(scenario())


def test_it_takes_nothing_when_the_disk_is_nearly_full(tmp_path, monkeypatch):
    store = Store()
    store.open.set()

    async def scenario() -> None:
        committer = Committer(folder=tmp_path, service=store.deliver)
        monkeypatch.setattr(module, "_free", lambda folder: module.RESERVE - 1)
        with pytest.raises(StoreFull):
            await committer.deliver(letter("a"))
        monkeypatch.setattr(module, "_free", lambda folder: module.RESERVE)
        assert (await committer.deliver(letter("b"))).reference == "b"

    asyncio.run(scenario())
    assert store.groups == [["b"]]


def test_it_can_tell_how_much_room_a_disk_has(tmp_path):
    assert module._free(tmp_path) > 0


# What clients hear


def send(client, subject: str) -> None:
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", "354 .*")
    client.send(f"Subject: {subject}", "", "Hi", ".")


@pytest.mark.parametrize(
    ("cause", "reply"), [(errors.DiskFull(), r"452 4\.3\.1 .*"), (errors.AdminShutdown(), r"451 4\.3\.0 .*")]
)
def test_a_client_hears_why_and_the_session_goes_on(hello, bob, monkeypatch, cause, reply):
    def broken(*_, **__):
        raise OperationalError("no") from cause

    with monkeypatch.context() as patch:
        patch.setattr(inbound, "deliver_all", broken)
        send(hello, "now")
        hello.expect(reply)
    send(hello, "later")
    hello.expect("250 .* Stored as .*")
    assert list(Message.objects.values_list("subject", flat=True)) == ["later"]


def test_a_mailbox_that_became_full_is_told_at_the_end(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    bob.quota = 3
    bob.save()
    hello.send("Subject: x", "", "Hi", ".")
    hello.expect(r"452 4\.2\.2 .*")
    hello.ask("NOOP", "250 .*")


@pytest.mark.django_db(transaction=True)
def test_the_default_service_files_by_the_group(bob):
    people = (Local(bob.pk, bob.address),)

    async def scenario() -> list[Stored]:
        committer = Committer()
        letters = [Incoming(raw=message(), sender="", recipients=people) for _ in range(10)]
        return await asyncio.gather(*await submit(committer, letters))

    stored = asyncio.run(scenario())
    connections["default"].close()
    assert [answer.deliveries[0].uid for answer in stored] == list(range(1, 11))
    assert arrivals.deliver([]) == []
