from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.net import rspamd
from mailserver.net.rspamd import Envelope, RspamdError
from tests.support.scanners import Rspamd, response, serving, silence

CONTENT = b"Subject: Hi\r\n\r\nHello\r\n"
ENVELOPE = Envelope("198.51.100.25", "mx.crepes.fr", "alice@crepes.fr", ("bob@hamburger.edu", "charlie@hamburger.edu"))
ANSWER = {
    "is_skipped": False,
    "score": 7.5,
    "required_score": 15.0,
    "action": "add header",
    "symbols": {
        "FORGED_SENDER": {"name": "FORGED_SENDER", "score": 3.0, "description": "Sender is forged."},
        "MIME_GOOD": {"name": "MIME_GOOD", "score": -0.1, "options": ["text/plain"]},
        "NOTHING": {"name": "NOTHING", "score": 0.0},
        "BAD": {"name": "BAD", "score": 4.6},
    },
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["score", "symbols", "is_skipped", "X", "description"]), inner, max_size=4)
    ),
    max_leaves=10,
)


def checked(speak, envelope: Envelope = ENVELOPE, *, content: bytes = CONTENT, path: str = "", seconds: float = 5.0):
    async def run():
        async with serving(speak) as (host, port):
            return await rspamd.check(f"http://{host}:{port}{path}", content, envelope, seconds=seconds)

    return asyncio.run(run())


def test_it_says_what_rspamd_found():
    found = checked(Rspamd(ANSWER))
    assert [(reason.name, reason.points, reason.sentence) for reason in found] == [
        ("rspamd BAD", 4.6, "rspamd: BAD."),
        ("rspamd FORGED_SENDER", 3.0, "rspamd: Sender is forged."),
        ("rspamd MIME_GOOD", -0.1, "rspamd: MIME_GOOD."),
    ]


def test_it_tells_the_envelope():
    server = Rspamd(ANSWER)
    checked(server, path="/spam/")
    (head,) = server.heads
    assert head[0] == "POST /spam/checkv2 HTTP/1.0"
    assert head[2:] == [
        f"Content-Length: {len(CONTENT)}",
        "IP: 198.51.100.25",
        "Helo: mx.crepes.fr",
        "From: alice@crepes.fr",
        "Rcpt: bob@hamburger.edu",
        "Rcpt: charlie@hamburger.edu",
    ]
    assert server.seen == [CONTENT]


def test_it_tells_who_signed_in_and_of_bounces():
    server = Rspamd(ANSWER)
    checked(server, Envelope("192.0.2.1", "", "", (), "alice@crepes.fr"))
    assert server.heads[0][3:] == ["IP: 192.0.2.1", "From: ", "User: alice@crepes.fr"]


def test_nobody_can_write_a_field_of_their_own():
    server = Rspamd(ANSWER)
    checked(server, Envelope("192.0.2.1", "x\r\nUser: admin", "a\n\0b@c.d", ("é@x.example",)))
    assert server.heads[0][3:] == ["IP: 192.0.2.1", "Helo: x User: admin", "From: a b@c.d", "Rcpt: é@x.example"]


def test_the_points_add_up_to_the_score():
    symbols = {f"S{n:02}": {"score": 1.0} for n in range(30)}
    found = checked(Rspamd({"score": 31.0, "symbols": symbols}))
    assert len(found) == rspamd.MOST_SYMBOLS + 1
    assert sum(reason.points for reason in found) == pytest.approx(31.0)


def test_what_it_passed_over_has_no_reasons():
    assert checked(Rspamd({"is_skipped": True})) == ()
    assert checked(Rspamd({"score": 0, "symbols": {}})) == ()


def test_it_reads_an_answer_that_only_ends_with_the_connection():
    body = json.dumps(ANSWER).encode()
    assert len(checked(Rspamd(b"HTTP/1.0 200 OK\r\n\r\n" + body))) == 3


def test_it_sends_large_messages():
    server, content = Rspamd(ANSWER), b"x" * 5 * 1024 * 1024
    checked(server, content=content)
    assert server.seen == [content]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"220 mx ESMTP\r\n\r\n",
        b"\xff" * 200_000,
        response(b"{}", "503 Busy"),
        response(b""),
        response(b"[]"),
        response(b"{}"),
        response(b"\xff\xfe"),
        response(b'{"score": "7"}'),
        response(b'{"score": NaN}'),
        response(b'{"score": true}'),
        response(b'{"score": 1, "symbols": {"A": {}}}'),
        response(b'{"score": 1, "symbols": {"A": 3}}'),
        response(b"[" * 100_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 2 * 1024 * 1024,
    ],
)
def test_anything_else_is_no_verdict(answer):
    with pytest.raises(RspamdError):
        checked(Rspamd(answer))


def test_it_does_not_wait_for_ever():
    for content in (b"x", b"x" * 20 * 1024 * 1024):
        with pytest.raises(RspamdError, match=r"no answer in 0\.1 s"):
            checked(silence, content=content, seconds=0.1)


def test_it_says_when_nobody_is_there():
    with pytest.raises(RspamdError):
        asyncio.run(rspamd.check("http://127.0.0.1:1", CONTENT, ENVELOPE))


@given(JSON)
def test_it_reads_any_json_or_says_that_it_cannot(value):
    try:
        found = rspamd.read(value)
    except (ValueError, TypeError, AttributeError, KeyError):
        return
    assert all(isinstance(reason.points, float) for reason in found)
