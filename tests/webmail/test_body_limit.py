"""Requests that are too large are refused before anything of them is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from webmail.body_limit import BodyLimit

POST = {"type": "http", "method": "POST", "path": "/signin/"}


class Reader:
    """An application that reads the whole body, as Django does, and counts what it got."""

    def __init__(self) -> None:
        self.read = 0
        self.called = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.called = True
        more = True
        while more:
            message = await receive()
            self.read += len(message["body"])
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


def ask(pieces: Iterable[bytes], headers: Iterable[tuple[bytes, bytes]] = ()) -> tuple[Reader, list[dict[str, Any]]]:
    reader, answers = Reader(), []
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    asyncio.run(BodyLimit(reader, 1000)({**POST, "headers": list(headers)}, receive, send))
    return reader, answers


def test_it_lets_usual_requests_through():
    reader, answers = ask([b"x" * 600, b"x" * 400], [(b"content-length", b"1000")])
    assert (reader.read, answers[0]["status"]) == (1000, 200)


def test_it_refuses_what_announces_too_much_without_reading():
    reader, answers = ask([b"x" * 600], [(b"content-length", b"1001")])
    assert not reader.called
    assert answers[0]["status"] == 413
    assert b"too large" in answers[1]["body"]


@pytest.mark.parametrize("announced", [[], [(b"content-length", b"many")], [(b"content-length", b"9" * 5000)]])
def test_it_stops_reading_what_goes_on_for_ever(announced):
    reader, answers = ask([b"x" * 100] * 1000, announced)
    assert reader.read <= 1000
    assert answers[0]["status"] == 413
    assert (b"connection", b"close") in answers[0]["headers"]


def test_it_guards_what_is_served():
    from webmail.asgi import application

    assert isinstance(application, BodyLimit)
