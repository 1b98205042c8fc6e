"""What one client may cost: before sign-in and after it."""

from __future__ import annotations

import resource
import time
from select import select

import pytest

from mailserver.servers.imap.limits import Limits
from tests.support.imap_server import Client, listening
from tests.support.listeners import in_the_tests_transaction
from tests.support.mail import message as letter
from tests.support.people import PASSWORD


def test_three_bad_commands_before_sign_in(connect, db):
    client = connect()
    client.refused("FLY", rb"BAD .*")
    client.refused("SELECT INBOX", rb"BAD .*")
    assert client.do("FLY")[-1].startswith(b"BAD")
    assert client.response() == b"* BYE Too many errors."
    client.expect_end()


def test_ten_bad_commands_after_it(bob_in):
    for _ in range(9):
        bob_in.refused("FLY", rb"BAD .*")
    bob_in.ok("NOOP")
    for _ in range(9):
        bob_in.refused("FLY", rb"BAD .*")
    assert bob_in.do("FLY")[-1].startswith(b"BAD")
    assert bob_in.response() == b"* BYE Too many errors."


def test_who_only_passes_time_goes(connect, db):
    client = connect()
    for _ in range(20):
        client.ok("NOOP")
    client.send_command("NOOP")
    assert client.response() == b"* BYE Sign in, or go."


@pytest.mark.parametrize("size", [4097, 900_000_000, 10**19])
def test_early_literals(connect, db, size):
    client = connect()
    client.refused(f"LOGIN {{{size}}}", rb"NO \[TOOBIG\] .*")
    client.send_command(f"LOGIN {{{size}+}}")
    assert client.response().startswith(b"* BYE [TOOBIG] ")
    client.expect_end()


def test_early_literals_count_together(connect, db):
    client = connect()
    client.push(b"a LOGIN {3000+}\r\n" + b"x" * 3000 + b" {3000+}\r\n")
    assert client.response().startswith(b"* BYE [TOOBIG] ")
    client.expect_end()


def test_empty_literals_have_an_end_too(connect, db):
    client = connect()
    client.push(b"a ID (" + b"{0+}\r\n " * 2000)
    assert client.response().startswith(b"* BYE [TOOBIG] ")


def flood(client: Client) -> None:
    for _ in range(300):
        client.push(b"x" * 1_000_000)


def test_a_flood_before_sign_in_takes_no_memory(connect, db):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client = connect(encrypted=False)
    client.push(b"a LOGIN ")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        flood(client)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


def test_early_lines(connect, db):
    client = connect()
    client.push(b"a NOOP " + b"x" * Limits().early_line + b"\r\n")
    assert client.response() == b"* BAD [TOOBIG] This line is too long."
    client.ok("NOOP")


def test_long_sets_of_numbers_after_it(bob_in):
    bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    numbers = ",".join(str(number) for number in range(1, 40000, 2))
    assert len(numbers) > 100_000
    assert bob_in.ok(f"UID FETCH {numbers} UID") == [b"1 FETCH (UID 1)"]
    bob_in.push(b"a UID FETCH " + b"1," * 70_000 + b"1 UID\r\n")
    assert bob_in.response() == b"* BAD [TOOBIG] This line is too long."
    bob_in.ok("NOOP")


def test_large_literals_after_it(bob_in):
    bob_in.refused("SELECT {65537}", rb"NO \[TOOBIG\] .*")
    bob_in.refused(b"SELECT {65537+}\r\n" + b"x" * 65537, rb"BAD \[TOOBIG\] .*")
    bob_in.ok("NOOP")
    bob_in.send_command("SELECT {1048577+}")
    assert bob_in.response().startswith(b"* BYE [TOOBIG] ")


def test_time_to_sign_in(strict):
    client = strict(limits=Limits(early=0.3))()
    client.ok("NOOP")
    assert client.response() == b"* BYE You were silent for too long."
    client.expect_end()


@pytest.mark.parametrize("begin", [b"a LOGIN {4000+}\r\n", b"a LOGIN "])
def test_a_drip_does_not_lengthen_it(strict, begin):
    client = strict(limits=Limits(early=0.4))(encrypted=False)
    client.push(begin)
    dripped = 0
    while dripped < 4000 and not select([client.socket], [], [], 0.02)[0]:
        client.push(b"x")
        dripped += 1
    assert 0 < dripped < 4000
    assert client.response() == b"* BYE You were silent for too long."


def test_time_between_commands(strict, bob):
    client = strict(limits=Limits(idle=0.3))(bob.address)
    assert client.response() == b"* BYE You were silent for too long."


def test_a_line_that_does_not_go_on(strict, bob):
    client = strict(limits=Limits(stalled=0.3))(bob.address)
    client.push(b"a NO")
    assert client.response() == b"* BYE You take too long."


def test_a_literal_that_does_not_go_on(strict, bob):
    client = strict(limits=Limits(stalled=0.3))(bob.address)
    client.push(b"a APPEND INBOX {100+}\r\nhalf")
    client.expect_end()


def test_a_client_that_does_not_read(strict, bob):
    """Ours to send waits within bounds, and in the end the session is over."""
    connect = strict(limits=Limits(stalled=0.5, high_water=64 * 1024))
    client = connect(bob.address)
    client.append("INBOX", letter(body=("x" * 70 + "\r\n") * 50_000))
    client.ok("SELECT INBOX")
    site = connect.ports.site
    (task,) = site.tasks
    client.push(b"".join(b"b%d FETCH 1 BODY.PEEK[]\r\n" % number for number in range(20)))
    deadline = time.monotonic() + 20
    while not task.done() and time.monotonic() < deadline:
        (connection,) = [*site.register._guests] or [None]
        if connection is not None:
            assert connection.waiting < 2 * 1024 * 1024
        time.sleep(0.02)
    assert task.done()


def test_a_client_that_reads_slowly_gets_it_all(strict, bob):
    client = strict(limits=Limits(stalled=0.4))(bob.address)
    raw = letter(body=("x" * 70 + "\r\n") * 40_000)
    client.append("INBOX", raw)
    client.ok("SELECT INBOX")
    tag = client.send_command("FETCH 1 BODY.PEEK[]")
    got = 0
    real = client.socket.recv

    def slowly(size: int) -> bytes:
        nonlocal got
        time.sleep(0.02)
        data = real(16384)
        got += len(data)
        return data

    client._heard = b""
    while got < len(raw):
        client._heard += slowly(16384)
    assert client.until(tag)[-1].startswith(b"OK")


def test_so_many_sessions_of_one_account(strict, bob):
    connect = strict(limits=Limits(sessions_per_account=2))
    first = connect(bob.address)
    connect(bob.address)
    third = connect()
    third.refused(f'LOGIN {bob.address} "{PASSWORD}"', rb"NO \[LIMIT\] .*")
    first.ok("LOGOUT")
    first.expect_end()
    third.log_in(bob.address, PASSWORD)


def test_so_many_strangers_of_one_address(strict, bob):
    connect = strict(per_address=1)
    client = connect()
    with Client(connect.ports.imap, encrypted=False) as other:
        assert other.response() == b"* BYE Too many connections from your address."
        other.expect_end()
    # Who has signed in does not count.
    client.log_in(bob.address, PASSWORD)
    connect()


def test_it_says_goodbye_when_it_stops(db, tmp_path):
    with in_the_tests_transaction(), listening(tmp_path) as ports:
        client = Client(ports.imap, encrypted=False)
        client.response()
    assert client.response() == b"* BYE This server ends for the moment."
    client.expect_end()
    client.socket.close()


def test_guessing_slows_down_and_then_waits(connect, bob):
    for _ in range(3):
        client = connect()
        for _ in range(2):
            client.refused(f"LOGIN {bob.address} guess", rb"NO \[AUTHENTICATIONFAILED\] .*")
        client.do(f"LOGIN {bob.address} guess")
    client = connect()
    client.refused(f"LOGIN {bob.address} guess", rb"NO \[AUTHENTICATIONFAILED\] .*")
    client.refused(f'LOGIN {bob.address} "{PASSWORD}"', rb"NO \[UNAVAILABLE\] Too many failed sign-ins\. .*")
