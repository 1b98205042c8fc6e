from __future__ import annotations

import pytest

from mailserver.services import messages
from mailserver.store.models import Message
from tests.support.dialogue import Dialogue
from tests.support.listeners import in_the_tests_transaction, listening


@pytest.fixture
def ready(hello, bob) -> Dialogue:
    return started(hello)


def started(client: Dialogue) -> Dialogue:
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", r"354 .*")
    return client


def content(account) -> bytes:
    message = Message.objects.filter(account=account).order_by("-id")[0]
    return messages.raw(message)[len(bytes(message.prefix)) :]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b"Subject: x\r\n\r\nHi\r\n", b"Subject: x\r\n\r\nHi\r\n"),
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
        (b"..\r\n...\r\n.x\r\n", b".\r\n..\r\nx\r\n"),
        (b"a\r\n..\r\n\r\n..b\r\n", b"a\r\n.\r\n\r\n.b\r\n"),
        (b"caf\xe9 \x00 \xff\r\n", b"caf\xe9 \x00 \xff\r\n"),
        (b"x" * 100_000 + b"\r\n", b"x" * 100_000 + b"\r\n"),
    ],
)
def test_it_stores_the_octets_as_sent_without_stuffed_dots(ready, bob, sent, stored):
    ready.push(sent + b".\r\n")
    ready.expect(r"250 2\.0\.0 Stored as [A-Z2-7]{12}")
    assert content(bob) == stored


def test_it_finds_the_end_mark_however_it_is_cut(hello, bob):
    message = b"Subject: x\r\n\r\n..dot\r\n"
    for cut in range(1, 6):
        started(hello)
        mark = (message + b".\r\n")[-cut:]
        hello.push((message + b".\r\n")[:-cut])
        hello.expect_silence(0.05)
        for octet in mark:
            hello.push(bytes([octet]))
        hello.expect("250 .*")
        assert content(bob) == b"Subject: x\r\n\r\n.dot\r\n"


def test_it_takes_the_next_command_from_the_same_packet(ready):
    ready.push(b"Subject: x\r\n\r\nHi\r\n.\r\nNOOP\r\nQUIT\r\n")
    ready.expect(r"250 2\.0\.0 Stored as .*")
    ready.expect(r"250 2\.0\.0 OK")
    ready.expect(r"221 .*")
    ready.expect_end()


def test_it_wants_recipients(hello, bob):
    hello.ask("DATA", r"503 5\.5\.1 .*")
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("DATA", r"503 5\.5\.1 No recipient yet")
    hello.ask("RCPT TO:<nobody@hamburger.edu>", "550 .*")
    hello.ask("DATA", r"554 5\.5\.1 No valid recipients")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA now", r"501 5\.5\.4 .*")
    hello.ask("DATA", "354 .*")


def test_it_takes_one_message_after_the_other(hello, bob):
    for number in range(3):
        started(hello)
        hello.send(f"Subject: {number}", "", "Hi", ".")
        hello.expect("250 .*")
    assert Message.objects.filter(account=bob).count() == 3


def test_it_stores_nothing_of_half_a_message(ports, connect, bob):
    client = started(connect(ports.mx))
    client.send("Subject: half", "", "and the")
    client.socket.close()
    with Dialogue(ports.mx) as other:
        other.expect("220 .*")
    assert not Message.objects.exists()


def test_it_files_one_copy_for_each_of_several_recipients(hello, bob, charlie):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("RCPT TO:<charlie@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.send("Subject: both", "", "Hi", ".")
    hello.expect("250 .*")
    (one, two) = Message.objects.order_by("account_id")
    assert one.blob_id == two.blob_id


@pytest.fixture
def small(db, tmp_path, bob):
    with in_the_tests_transaction(), listening(tmp_path, size_limit=10_000) as ports, Dialogue(ports.mx) as client:
        client.expect("220 .*")
        client.ask("EHLO crepes.fr", r"250-.*SIZE 10000.*")
        yield client


def test_it_refuses_a_message_above_the_limit_and_goes_on(small, bob):
    started(small)
    small.push(b"x" * 9_999 + b"\r\n.\r\n")
    small.expect(r"552 5\.3\.4 .*")
    started(small)
    small.push(b"x" * 15_000 + b"\r\n.\r\n")
    small.expect(r"552 5\.3\.4 .*")
    started(small)
    small.push(b"x" * 9_998 + b"\r\n.\r\n")
    small.expect(r"250 .*")
    assert len(content(bob)) == 10_000


def test_it_does_not_count_stuffed_dots(small, bob):
    started(small)
    small.push(b"..\r\n" * 300 + b"x" * 9_098 + b"\r\n.\r\n")
    small.expect(r"250 .*")
    assert len(content(bob)) == 10_000


def test_it_hangs_up_on_twice_the_limit(small):
    started(small)
    small.push(b"x" * 40_000)
    small.expect(r"421 4\.7\.0 .*")
    small.expect_end()


def test_it_refuses_mail_that_goes_in_a_circle(hello, bob):
    trace = b"Received: from a by b\r\n"
    started(hello)
    hello.push(trace * 101 + b"\r\nHi\r\n.\r\n")
    hello.expect(r"554 5\.4\.6 .*")
    started(hello)
    hello.push(trace * 100 + b"\r\n" + trace * 50 + b".\r\n")
    hello.expect(r"250 .*")
    started(hello)
    hello.push(b"\r\n" + trace * 101 + b".\r\n")
    hello.expect(r"250 .*")
