"""Input that is meant to hurt: after each piece the server still answers, and its log has no traceback."""

from __future__ import annotations

import random

import pytest

from tests.support.dialogue import Dialogue
from tests.support.pop3 import delivered, lines

UNREADABLE = "-ERR The command cannot be read"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"ST\0AT", UNREADABLE),
        (b"RETR 1\0", UNREADABLE),
        (b"\0" * 300, UNREADABLE),
        (b"", UNREADABLE),
        (b" STAT", UNREADABLE),
        (b"LIST\r1", UNREADABLE),
        (b"\xff\xfe\xfd", UNREADABLE),
        (b"LIST \xff", UNREADABLE),
        (b"STAT 1", "-ERR The command has other arguments"),
        (b"x" * 511, "-ERR The line is too long"),
        (b"RETR " + b"9" * 10_000, "-ERR The line is too long"),
        (b"RETR 1;QUIT", "-ERR The command has other arguments"),
        (b"RETR " + "\u0967".encode(), "-ERR The command has other arguments"),
        (b"XTND XMIT", "-ERR Unknown command"),
        (b"APOP alice c4c9334bac560ecc979e58001b3e22fb", "-ERR Unknown command"),
        (b"DELETE 1", "-ERR This is a mail server, closing"),
    ],
    ids=range(16),
)
def test_it_answers_lines_without_sense(session, reader, caplog, line, reply):
    delivered(reader)
    client = session()
    client.push(line + b"\r\n")
    client.expect(reply)
    if "closing" not in reply:
        client.ask("STAT", r"\+OK 1 \d+")
    assert "a command failed" not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: mx.hamburger.edu\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\nUSER alice@crepes.fr\r\n",
        b"Host: mx.hamburger.edu\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ],
    ids=["get", "post", "header", "tls"],
)
def test_it_hangs_up_on_what_is_not_pop3(connect, said):
    client = connect(encrypted=False)
    client.push(said)
    client.expect("-ERR This is a mail server, closing")
    client.expect_end()


def test_it_hangs_up_on_a_line_without_end(session, connect):
    for client in (session(), connect()):
        client.push(b"x" * 800_000)
        client.expect("-ERR Too many errors, closing")
        client.socket.close()


def test_a_line_may_end_with_lf_alone(session):
    client = session()
    client.push(b"NOOP\nNOOP\n")
    client.expect(r"\+OK .*")
    client.expect(r"\+OK .*")


def test_many_commands_in_one_packet_are_answered_in_their_order(session, reader):
    for _ in range(3):
        delivered(reader)
    client = session()
    client.push(b"LIST 1\r\nLIST 2\r\nLIST 3\r\n" * 2000)
    answers = [client.line().split()[:2] for _ in range(6000)]
    assert answers == [["+OK", "1"], ["+OK", "2"], ["+OK", "3"]] * 2000


def test_it_answers_a_password_that_is_no_utf8(connect, reader):
    client = connect()
    client.ask(f"USER {reader.address}", r"\+OK .*")
    client.push(b"PASS caf\xe9\r\n")
    client.expect(UNREADABLE)


@pytest.mark.parametrize("seed", range(6))
def test_it_outlives_noise(connect, session, reader, caplog, seed):
    """Words of the protocol, octets of all kinds: each connection ends, none of our commands stumbles."""
    # A DELE 1 among the noise may be meant, if QUIT is heard too: no connection can take the last message.
    for _ in range(16):
        delivered(reader)
    noise = random.Random(seed)
    words = b"USER PASS AUTH PLAIN = * RETR TOP DELE LIST UIDL UTF8 CAPA RSET NOOP 1 0 -1 99999999999999999999".split()
    for number in range(15):
        client = session() if number % 2 else connect()
        said = b"".join(
            b" ".join(noise.choices(words, k=noise.randint(1, 4)))
            + noise.choice([b"\r\n", b"\n", b"\0\r\n", b"\xff", b""])
            for _ in range(40)
        )
        client.push(said + noise.randbytes(200) + b"\r\n*\r\nQUIT\r\n")
        drained(client)
    assert "a command failed" not in caplog.text
    client = session()
    client.ask("RETR 1", r"\+OK .*")
    lines(client)


def drained(client: Dialogue) -> None:
    try:
        client.socket.shutdown(1)
        while client.socket.recv(65536):
            pass
    except OSError:
        pass
    client.socket.close()
