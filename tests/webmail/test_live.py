"""Pages that follow their mailbox: the hub, the stream, and what a page asks when it hears of a change."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.test import AsyncClient, Client

from mailserver.store import bell
from mailserver.store.models import Account
from tests.support.mail import delivered
from tests.webmail.reading import box, page, signed_in, texts
from webmail.live import Hub
from webmail.views import live


async def finished() -> None:
    """Give back the connection of the thread in which asynchronous code asks the database."""
    await sync_to_async(connections.close_all)()


def test_it_tells_every_listener_of_an_account_and_no_other():
    async def story() -> tuple[list[str], bool]:
        hub = Hub(settings.CORREIO.redis_url)
        async with hub.listening(1) as tab, hub.listening(1) as other_tab, hub.listening(2) as stranger:
            for queue in (tab, other_tab, stranger):
                assert await asyncio.wait_for(queue.get(), 10) == "{}"
            await asyncio.to_thread(bell.ring, 1, {5: 9})
            heard = [await asyncio.wait_for(queue.get(), 10) for queue in (tab, other_tab)]
            return heard, stranger.empty()

    heard, quiet = asyncio.run(story())
    assert [json.loads(text) for text in heard] == [{"5": 9}] * 2
    assert quiet


def test_it_subscribes_later_listeners_and_forgets_those_who_left():
    async def story() -> list[str]:
        hub = Hub(settings.CORREIO.redis_url)
        async with hub.listening(1) as first:
            await asyncio.wait_for(first.get(), 10)
            async with hub.listening(3) as late:
                await asyncio.sleep(0.2)
                await asyncio.to_thread(bell.ring, 3, {7: 1})
                heard = [await asyncio.wait_for(late.get(), 10)]
        assert not hub.bells
        assert not hub.bells.is_subscribed
        return heard

    assert asyncio.run(story()) == ['{"7": 1}']


def test_it_waits_for_a_redis_that_is_away():
    async def story() -> bool:
        hub = Hub("redis://127.0.0.1:1/0")
        async with hub.listening(1) as queue:
            await asyncio.sleep(0.3)
            return queue.empty()

    assert asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_it_streams_changes_to_the_page(alice):
    async def story() -> tuple[dict[str, str], list[str]]:
        browser = AsyncClient()
        await browser.aforce_login(alice)
        response = await browser.get("/live/")
        stream = response.streaming_content
        heard = [(await asyncio.wait_for(anext(stream), 10)).decode() for _ in range(2)]
        await asyncio.to_thread(bell.ring, alice.pk, {5: 9})
        heard.append((await asyncio.wait_for(anext(stream), 10)).decode())
        await stream.aclose()
        await finished()
        return dict(response.headers), heard

    headers, heard = asyncio.run(story())
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["X-Accel-Buffering"] == "no"
    assert heard[0] == "retry: 2000\nevent: change\ndata: {}\n\n"
    assert heard[2] == 'event: change\ndata: {"5": 9}\n\n'


@pytest.mark.django_db(transaction=True)
def test_it_pings_and_ends_with_the_session(alice, monkeypatch):
    monkeypatch.setattr(live, "PING", 0.05)

    async def story() -> list[str]:
        browser = AsyncClient()
        await browser.aforce_login(alice)
        stream = (await browser.get("/live/")).streaming_content
        heard = []
        while not heard or heard[-1] != ": still here\n\n":
            heard.append((await asyncio.wait_for(anext(stream), 10)).decode())
        await browser.alogout()
        async for chunk in stream:
            heard.append(chunk.decode())
        await finished()
        return heard

    assert asyncio.run(story())[-1] == "event: signedout\ndata: {}\n\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "changed elsewhere"}])
def test_it_tells_nothing_more_to_whom_the_page_would_not_let_in(alice, change):
    """Also when changes come so often that there is never time for a ping."""

    async def story() -> list[str]:
        browser = AsyncClient()
        await browser.aforce_login(alice)
        stream = (await browser.get("/live/")).streaming_content
        heard = [(await asyncio.wait_for(anext(stream), 10)).decode() for _ in range(2)]
        await sync_to_async(Account.objects.filter(pk=alice.pk).update)(**change)
        await asyncio.to_thread(bell.ring, alice.pk, {5: 9})
        async for chunk in stream:
            heard.append(chunk.decode())
        await finished()
        return heard

    heard = asyncio.run(asyncio.wait_for(story(), 20))
    assert heard[2:] == ["event: signedout\ndata: {}\n\n"]


def test_it_stops_asking_when_nobody_is_signed_in(db):
    assert Client().get("/live/").status_code == 204


def test_it_tells_what_changed_since(alice):
    delivered(alice, subject="Old")
    known = box(alice).highestmodseq
    place = delivered(alice, subject="New")
    browser = signed_in(alice)
    tree = page(browser.get("/changed/", {"mailbox": place.mailbox_id, "since": known}))
    assert texts(tree, "[data-rows] .subject") == ["New"]
    assert texts(tree, f"[data-box='{place.mailbox_id}'] .n") == ["2"]
    assert tree.css_first("[data-modseq]").attributes["data-modseq"] == str(known + 1)
    counts_only = page(browser.get("/changed/", {"mailbox": "", "since": ""}))
    assert not counts_only.css("[data-modseq]")
    assert texts(counts_only, f"[data-box='{place.mailbox_id}'] b") == ["2 unread"]


def test_it_tells_strangers_nothing(alice, charlie):
    place = delivered(alice)
    assert signed_in(charlie).get("/changed/", {"mailbox": place.mailbox_id, "since": 0}).status_code == 404
    assert Client().get("/changed/").status_code == 302
