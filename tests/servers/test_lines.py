from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.servers.lines import EndOfStream, Flooded, Input, LineTooLong


class Wire:
    """The transport as far as Input uses it."""

    def __init__(self) -> None:
        self.reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def run(scenario):
    asyncio.run(scenario)


@given(st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")), max_size=8), st.data())
def test_it_gives_the_same_lines_however_they_are_cut(lines, data):
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def scenario() -> None:
        source = Input(Wire())

        async def feed() -> None:
            for piece in pieces:
                source.feed(piece)
                await asyncio.sleep(0)
            source.end()

        feeding = asyncio.create_task(feed())
        assert [await source.line(100) for _ in lines] == [line + b"\n" for line in lines]
        with pytest.raises(EndOfStream):
            await source.line(100)
        await feeding

    run(scenario())


def test_it_skips_a_line_that_is_too_long_and_goes_on():
    async def scenario() -> None:
        source = Input(Wire())
        source.feed(b"x" * 500 + b"\nNOOP\r\n")
        with pytest.raises(LineTooLong):
            await source.line(100)
        assert await source.line(100) == b"NOOP\r\n"

    run(scenario())


def test_it_holds_little_of_a_line_without_end():
    async def scenario() -> None:
        source = Input(Wire())
        reading = asyncio.create_task(source.line(100))
        while not reading.done():
            source.feed(b"x" * 101)
            await asyncio.sleep(0)
            assert len(source._buffer) < 500
        with pytest.raises(Flooded):
            await reading

    run(scenario())


def test_it_pauses_the_sender_while_nobody_reads():
    async def scenario() -> None:
        wire = Wire()
        source = Input(wire, high_water=1000)
        source.feed(b"x" * 1001)
        assert not wire.reading
        assert len(await source.chunk()) == 1001
        assert wire.reading

    run(scenario())


def test_it_starts_the_next_line_with_what_was_pushed_back():
    async def scenario() -> None:
        source = Input(Wire())
        source.feed(b"content.QUIT\r\n")
        taken = await source.chunk()
        source.push_back(memoryview(taken)[8:])
        assert await source.line(100) == b"QUIT\r\n"

    run(scenario())


def test_it_forgets_what_was_sent_before_the_handshake():
    async def scenario() -> None:
        source = Input(Wire())
        source.feed(b"RSET\r\nMAIL FROM:<>\r\n")
        source.clear()
        source.end()
        with pytest.raises(EndOfStream):
            await source.line(100)

    run(scenario())


def test_whoever_waits_too_long_is_told():
    async def scenario() -> None:
        source, now = Input(Wire()), asyncio.get_running_loop().time
        source.wait_until(now() + 1000)
        source.feed(b"one\r\n")
        assert await source.line(100) == b"one\r\n"
        reading = asyncio.ensure_future(source.line(100))
        await asyncio.sleep(0)
        # Brought forward, while somebody waits, and put off again before it is due.
        source.wait_until(now() + 0.01)
        source.wait_until(now() + 0.05)
        with pytest.raises(TimeoutError):
            await reading
        source.wait_until(now())
        with pytest.raises(TimeoutError):
            await source.chunk()

    run(scenario())


def test_it_has_all_the_time_of_the_world_again():
    async def scenario() -> None:
        source, now = Input(Wire()), asyncio.get_running_loop().time
        source.wait_until(now() + 0.01)
        reading = asyncio.ensure_future(source.chunk())
        await asyncio.sleep(0)
        source.wait_until(None)
        await asyncio.sleep(0.05)
        assert not reading.done()
        source.feed(b"late")
        assert await reading == b"late"
        source.end()

    run(scenario())
