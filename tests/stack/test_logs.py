"""The children's output: bounded files, the last lines, and what is worth showing at once."""

from __future__ import annotations

import asyncio
import os

import pytest

from mailserver.stack import logs


def lines_of(*chunks):
    async def read():
        stream = asyncio.StreamReader()
        for chunk in chunks:
            stream.feed_data(chunk)
        stream.feed_eof()
        taken = []
        await logs.follow(stream, taken.append)
        return taken

    return asyncio.run(read())


def test_it_gives_whole_lines_whatever_the_chunks():
    assert lines_of(b"one\ntw", b"o\n", b"three") == [b"one\n", b"two\n", b"three\n"]


def test_it_gives_an_endless_line_in_pieces_and_loses_nothing():
    endless = b"x" * 200_000
    assert b"".join(lines_of(endless, b"\n")) == endless + b"\n"


def test_it_keeps_the_last_lines_and_at_most_two_files(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_FILE_BYTES", 100)
    log = logs.Log(tmp_path / "log" / "smtp.log")
    for number in range(100):
        log.write(b"line %03d\n" % number)
    log.close()
    assert log.tail()[-1] == "line 099"
    assert len(log.tail()) == 12
    assert sorted(path.name for path in log.path.parent.iterdir()) == ["smtp.log", "smtp.log.1"]
    assert log.path.stat().st_size <= 100
    assert (log.path.with_suffix(".log.1").read_bytes() + log.path.read_bytes()).endswith(b"line 099\n")


def test_it_goes_on_reading_when_the_disk_is_full(tmp_path):
    log = logs.Log(tmp_path / "smtp.log")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, log._file.fileno())
    os.close(full)
    log.write(b"no room\n")
    assert log.tail() == ["no room"]
    log.close()


def test_it_keeps_the_log_of_the_run_before(tmp_path):
    for text in (b"first\n", b"second\n"):
        log = logs.Log(tmp_path / "web.log")
        log.write(text)
        log.close()
    assert (tmp_path / "web.log.1").read_bytes() == b"first\n"
    assert (tmp_path / "web.log").read_bytes() == b"second\n"


def test_it_holds_a_flood_of_alarms_back_and_says_how_many():
    said, now = [], [0.0]
    alarms = logs.Alarms("smtp", said.append, lambda: now[0])
    for number in range(20):
        alarms.see(b"ERROR %d\n" % number)
    assert said == [f"smtp: ERROR {number}" for number in range(5)]
    now[0] = 11.0
    alarms.see(b"ERROR again\n")
    assert said[5:] == ["smtp: 15 more such lines are in its log", "smtp: ERROR again"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"2026-11-23 07:31:14,381 ERROR asyncio: Task exception was never retrieved\n", True),
        (b"2026-11-23 10:00:00 UTC [7] FATAL:  sorry, too many clients already\n", True),
        (b"INFO:     Uvicorn running on http://127.0.0.1:8000\n", False),
        (b"subject: no errors here\n", False),
    ],
)
def test_it_shows_alarming_lines_only(line, shown):
    assert logs.alarming(line) is shown
