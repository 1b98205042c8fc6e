"""What one client may cost: errors, silence, slowness, memory, connections."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from mailserver.servers.smtp.limits import Limits
from mailserver.store.models import Message
from tests.support.dialogue import Dialogue
from tests.support.listeners import in_the_tests_transaction, listening


@pytest.fixture
def strict(db, tmp_path, bob):
    """Listeners with the limits a test gives."""
    with ExitStack() as stack:
        stack.enter_context(in_the_tests_transaction())

        def opened(**options) -> Dialogue:
            ports = stack.enter_context(listening(tmp_path, **options))
            opened.ports = ports
            client = stack.enter_context(Dialogue(ports.mx))
            client.expect("220 .*")
            client.ask("EHLO crepes.fr", "250-.*")
            return client

        yield opened


def to_data(client: Dialogue) -> Dialogue:
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", "354 .*")
    return client


def test_it_hangs_up_after_too_many_errors(hello):
    for _ in range(100):
        hello.ask("RCPT TO:<bob@hamburger.edu>", "503 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"421 4\.7\.0 .*")
    hello.expect_end()


def test_it_hangs_up_after_too_many_unknown_words(hello):
    for _ in range(20):
        hello.ask("FLY", r"500 5\.5\.1 .*")
    hello.ask("FLY", r"421 4\.7\.0 .*")
    hello.expect_end()


def test_it_hangs_up_on_somebody_who_only_passes_time(hello):
    for _ in range(199):  # and the EHLO
        hello.ask("NOOP", "250 .*")
    hello.ask("NOOP", r"421 4\.7\.0 .*")


def test_it_gives_up_on_silence(strict):
    client = strict(limits=Limits(idle=0.2))
    client.expect(r"421 4\.4\.2 .*")
    client.expect_end()


def test_it_gives_up_on_silence_within_a_message(strict):
    client = to_data(strict(limits=Limits(idle=0.3)))
    client.send("Subject: half")
    client.expect(r"421 4\.4\.2 .*")
    client.expect_end()
    assert not Message.objects.exists()


def test_it_waits_for_a_slow_message_that_goes_on(strict):
    client = to_data(strict(limits=Limits(idle=0.5, data_rate=20)))
    for _ in range(10):
        client.send("a line of some length, again and again")
        time.sleep(0.1)
    client.send(".")
    client.expect("250 .*")


def test_it_gives_up_on_a_message_that_drips(strict):
    client = to_data(strict(limits=Limits(idle=0.5, data_rate=1000)))
    assert drip(client, b"x").startswith(b"421 4.4.2 ")
    assert not Message.objects.exists()


def test_it_gives_up_on_a_message_that_takes_too_long_in_all(strict):
    client = to_data(strict(limits=Limits(data_total=0.5, data_rate=0)))
    assert drip(client, b"x" * 1000).startswith(b"421 4.4.2 ")


def drip(client: Dialogue, drop: bytes) -> bytes:
    """What the server says in the end to somebody who sends a drop now and then."""
    client.socket.settimeout(0.05)
    for _ in range(100):
        client.push(drop)
        try:
            return client.socket.recv(1000)
        except TimeoutError:
            continue
    raise AssertionError("the server is too patient")


def test_it_ends_a_session_that_lasts_too_long(strict):
    client = strict(limits=Limits(session=0.5))
    client.expect(r"421 4\.4\.2 The session .*")
    client.expect_end()


def test_it_takes_so_many_connections_from_one_address(strict):
    strict(per_address=2)
    ports = strict.ports
    with Dialogue(ports.mx) as second, Dialogue(ports.submission) as third:
        second.expect("220 .*")
        third.expect(r"421 4\.7\.0 .*")
        third.expect_end()
        second.ask("QUIT", "221 .*")
        second.expect_end()
    deadline = time.monotonic() + 5
    while len(ports.register) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    with Dialogue(ports.mx) as fourth:
        fourth.expect("220 .*")


def test_it_takes_so_many_connections_in_all(strict):
    strict(total=1)
    with Dialogue(strict.ports.mx) as second:
        second.expect(r"421 4\.7\.0 .*")
        second.expect_end()


def test_it_says_goodbye_when_it_stops(tmp_path, db):
    with in_the_tests_transaction(), listening(tmp_path) as ports:
        client = Dialogue(ports.mx)
        client.expect("220 .*")
    client.expect(r"421 4\.3\.2 .*")
    client.expect_end()
    client.socket.close()


def test_it_hangs_up_on_a_command_without_end(hello):
    hello.push(b"x" * 500_000)
    hello.expect(r"421 4\.7\.0 .*")
