"""What one client may cost: silence, errors, slowness, connections; and that a long session keeps its maildrop."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest

from mailserver.servers import bridge
from mailserver.servers.pop3.limits import Limits
from mailserver.services import mailboxes
from mailserver.services.accounts import create_account, set_password
from mailserver.services.domains import add_domain
from mailserver.store.models import Account, MailboxMessage, MaildropLease
from tests.support import pop3
from tests.support.dialogue import Dialogue
from tests.support.listeners import in_the_tests_transaction
from tests.support.people import PASSWORD
from tests.support.pop3 import delivered, lines, message, sign_in


@pytest.fixture
def strict(db, tmp_path):
    """A greeted client of listeners with the limits a test gives."""
    with ExitStack() as stack:
        stack.enter_context(in_the_tests_transaction())

        def opened(**options) -> Dialogue:
            opened.ports = stack.enter_context(pop3.listening(tmp_path, **options))
            return stack.enter_context(pop3.greeted(opened.ports.encrypted))

        yield opened


def test_it_hangs_up_on_silence_without_a_word_and_deletes_nothing(strict, reader):
    delivered(reader)
    client = strict(limits=Limits(idle=0.3))
    sign_in(client, reader.address)
    client.ask("DELE 1", r"\+OK .*")
    client.expect_end()
    assert MailboxMessage.objects.filter(account=reader).count() == 1


def test_it_gives_so_much_time_for_signing_in_whatever_is_said(strict):
    client = strict(limits=Limits(before_sign_in=0.5, errors=10_000))
    said = 0
    while client.answers("NOOP"):
        said += 1
        time.sleep(0.02)
    assert 0 < said < 500


def test_a_sign_in_may_take_no_longer_than_that(strict):
    client = strict(limits=Limits(before_sign_in=0.3))
    client.ask("AUTH PLAIN", r"\+ ")
    client.expect_end()


def test_it_hangs_up_after_too_many_errors(session):
    client = session()
    for _ in range(100):
        client.ask("RETR 1", "-ERR No such message")
    client.ask("RETR 1", "-ERR Too many errors, closing")
    client.expect_end()


def test_it_hangs_up_after_few_unknown_words_before_the_sign_in_and_some_after_it(connect, session):
    stranger = connect()
    for _ in range(2):
        stranger.ask("FLY", "-ERR Unknown command")
    stranger.ask("FLY", "-ERR Too many errors, closing")
    stranger.expect_end()
    client = session()
    for _ in range(20):
        client.ask("FLY", "-ERR Unknown command")
    client.ask("FLY", "-ERR Too many errors, closing")
    client.expect_end()


def test_it_takes_so_many_connections_from_one_address_until_they_sign_in(strict, reader):
    client = strict(per_address=1)
    with Dialogue(strict.ports.clear) as second:
        second.expect(r"-ERR \[SYS/TEMP\] Too many connections, try again later")
        second.expect_end()
    sign_in(client, reader.address)
    with pop3.greeted(strict.ports.clear, encrypted=False) as third:
        third.ask("QUIT", r"\+OK .*")


def test_it_takes_so_many_connections_in_all(strict):
    strict(total=1)
    with Dialogue(strict.ports.encrypted, encrypted=True) as second:
        second.expect(r"-ERR \[SYS/TEMP\] Too many connections.*")
        second.expect_end()


def test_it_says_goodbye_when_it_stops_and_gives_the_maildrop_back(db, tmp_path, reader):
    with in_the_tests_transaction(), pop3.listening(tmp_path) as ports:
        client = pop3.greeted(ports.encrypted)
        sign_in(client, reader.address)
        assert MaildropLease.objects.exists()
    client.expect(r"-ERR \[SYS/TEMP\] We are shutting down, try again soon")
    client.expect_end()
    client.socket.close()
    assert not MaildropLease.objects.exists()


def test_it_gives_up_on_a_client_that_takes_nothing(strict, reader):
    delivered(reader, message(body="a line of some length, again and again\r\n" * 400_000))
    client = strict(limits=Limits(stalled=0.3))
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sign_in(client, reader.address)
    client.send("RETR 1")
    deadline = time.monotonic() + 20
    while len(strict.ports.register):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not MaildropLease.objects.exists()


def test_it_waits_for_a_slow_reader(strict, reader):
    delivered(reader, message(body="a line of some length, again and again\r\n" * 50_000))
    client = strict(limits=Limits(stalled=5))
    sign_in(client, reader.address)
    client.send("RETR 1")
    time.sleep(0.5)
    client.expect(r"\+OK .*")
    assert len(lines(client)) > 50_000


@pytest.mark.django_db(transaction=True)
def test_a_long_session_keeps_its_maildrop(tmp_path):
    """Real transactions: the lease is renewed while the test looks at it."""
    add_domain("crepes.fr")
    alice = create_account(address="alice@crepes.fr", name="Alice", password=PASSWORD)
    Account.objects.filter(pk=alice.pk).update(pop3=True)
    delivered(alice)
    with pop3.listening(tmp_path, limits=Limits(renew=0.05)) as ports, pop3.greeted(ports.encrypted) as client:
        sign_in(client, alice.address)
        first = MaildropLease.objects.get().until
        deadline = time.monotonic() + 10
        while MaildropLease.objects.get().until == first:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        # Somebody has taken it, as may happen when this process slept for minutes.
        MaildropLease.objects.update(holder="00000000-0000-4000-8000-000000000000")
        client.expect(r"-ERR \[IN-USE\] Another session has taken this mailbox; nothing was deleted")
        client.expect_end()
    assert MaildropLease.objects.get().holder.int >> 80 == 0
    assert mailboxes.by_use(alice.pk, "inbox").total == 1


def test_a_session_ends_with_the_password(transactional_db, tmp_path, reader):
    """At the next renewal of its lease; what it marked stays."""
    delivered(reader)
    with pop3.listening(tmp_path, limits=Limits(renew=0.05)) as ports, pop3.greeted(ports.encrypted) as client:
        sign_in(client, reader.address)
        client.ask("DELE 1", r"\+OK .*")
        set_password(account_id=reader.pk, password="galettes and cider")
        client.expect(r"-ERR \[AUTH\] Your password or account has changed; sign in again")
        client.expect_end()
    assert MailboxMessage.objects.filter(account=reader).count() == 1
    bridge.shut_down()
