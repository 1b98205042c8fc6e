"""Only CRLF.CRLF ends a message. Every other ending that some server takes has been used to smuggle a second one in."""

from __future__ import annotations

import pytest

from mailserver.store.models import Message

ENDINGS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r.\n",
    b"\n.\r",
    b"\n\n.\n\n",
    b"\r\r.\r\r",
    b"\r\r\n.\r\r\n"[:-1],
    b"\n\r.\n\r",
    b"\n\r.\r\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n. \r\n",
    b"\r\n .\r\n",
    b"\r\n\t.\r\n",
    b"\r\n..\r\n",
    b"\x85.\x85",
    b"\r\n.\x85",
    b"\x0b.\x0b",
    b"\x0c.\x0c",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
]

SMUGGLED = (
    b"MAIL FROM:<admin@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nFrom: admin@crepes.fr\r\n\r\nPay me.\r\n"
)


def test_there_are_24_endings():
    assert len(set(ENDINGS)) == 24


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_takes_one_message_and_never_a_second(hello, bob, ending):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.push(b"Subject: harmless\r\n\r\nHi" + ending + SMUGGLED + b".\r\n")
    lone = ending.replace(b"\r\n", b"")
    hello.expect(r"550 5\.6\.11 .*" if b"\r" in lone or b"\n" in lone else r"250 .*")
    hello.ask("NOOP", r"250 2\.0\.0 OK")
    assert Message.objects.count() <= 1


@pytest.mark.parametrize("lone", [b"\r", b"\n", b"\r\r\n", b"\n\r\n"])
@pytest.mark.parametrize("place", [b"%b\r\nHi\r\n", b"Subject: a%bb\r\n\r\nHi\r\n", b"Hi\r\n%b\r\n", b"Hi%b\r\n"])
def test_it_refuses_a_lone_cr_or_lf_anywhere(hello, bob, place, lone):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.push(place % lone + b".\r\n")
    hello.expect(r"550 5\.6\.11 .*")
    assert not Message.objects.exists()
