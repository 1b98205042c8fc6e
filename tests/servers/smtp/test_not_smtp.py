"""A browser can be made to POST to this port; none of it may be read as commands."""

from __future__ import annotations

import pytest

from mailserver.store.models import Message

BODY = b"HELO x\r\nMAIL FROM:<a@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n\r\nHi\r\n.\r\nQUIT\r\n"


@pytest.mark.parametrize("verb", [b"GET", b"POST", b"PUT", b"HEAD", b"CONNECT", b"OPTIONS", b"get"])
def test_it_hangs_up_on_http(mx, bob, verb):
    mx.push(verb + b" / HTTP/1.1\r\nHost: mx.hamburger.edu:25\r\n\r\n" + BODY)
    mx.expect(r"421 4\.7\.0 .*")
    mx.expect_end()
    assert not Message.objects.exists()


@pytest.mark.parametrize("line", [b"Host: mx.hamburger.edu", b"Content-Type: text/plain", b"X:"])
def test_it_hangs_up_on_a_header(mx, bob, line):
    mx.push(line + b"\r\n" + BODY)
    mx.expect(r"421 4\.7\.0 .*")
    mx.expect_end()


def test_it_hangs_up_on_http_in_the_middle(hello):
    hello.push(b"POST / HTTP/1.1\r\n" + BODY)
    hello.expect(r"421 .*")
    hello.expect_end()


def test_it_hangs_up_on_a_tls_handshake_that_nobody_asked_for(mx):
    mx.push(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x41" * 500)
    mx.expect(r"421 4\.7\.0 .*")
    mx.expect_end()
