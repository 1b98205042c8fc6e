"""Spam at the MX: what blocklists and scanners say reaches the folder or the reply, and trouble costs no message."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace

import pytest

from mailserver.net.dnsbl import Blocklists
from mailserver.net.scanners import Scanners
from mailserver.practice.dns_server import DnsServer
from mailserver.services import acquaintances, scoring
from mailserver.store.models import Event, Mailbox, MailboxMessage, Message
from tests.support.dialogue import Dialogue
from tests.support.dns import FakeEvidence
from tests.support.listeners import in_the_tests_transaction, listening
from tests.support.mail import message
from tests.support.mx_talk import handed_over
from tests.support.runsmtp import runsmtp
from tests.support.scanners import Clamd, Rspamd, serving, silence

LISTED = FakeEvidence({"1.0.0.127.bl.example": [("A", "127.0.0.2")], "1.0.0.127.bl2.example": [("A", "127.0.0.2")]})


@contextmanager
def running(*speakers) -> Iterator[list[tuple[str, int]]]:
    """Little servers in a thread with a loop of its own; their places, in order."""
    places: list[tuple[str, int]] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            for speak in speakers:
                places.append(tuple(await stack.enter_async_context(serving(speak))))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield places
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@contextmanager
def client_of(tmp_path, scanners: Scanners | None) -> Iterator[Dialogue]:
    with in_the_tests_transaction(), listening(tmp_path, scanners=scanners) as ports, Dialogue(ports.mx) as client:
        client.expect("220 .*")
        client.ask("EHLO mx.crepes.fr", "250-.*")
        yield client


def place(account) -> str:
    return MailboxMessage.objects.get(account=account).mailbox.special_use


def sent(client: Dialogue, *, reply: str = "250 .*", **values: str) -> None:
    raw = message(sender="alice@crepes.fr", to="bob@hamburger.edu", **values)
    handed_over(client, "alice@crepes.fr", "bob@hamburger.edu", raw=raw, reply=reply)


def test_what_is_listed_twice_goes_to_spam(tmp_path, bob):
    scanners = Scanners(blocklists=Blocklists(["bl.example", "bl2.example"], LISTED), everybody=True)
    with client_of(tmp_path, scanners) as client:
        sent(client)
    assert place(bob) == Mailbox.Use.JUNK
    judgement = Event.objects.get(kind=Event.Kind.STORED).detail["judgement"]
    assert (judgement["score"], judgement["action"]) == (6.0, "junk")


def test_what_rspamd_says_counts(tmp_path, bob):
    server = Rspamd({"score": 6.5, "symbols": {"BAD": {"score": 6.5, "description": "Very bad"}}})
    with running(server) as [(host, port)]:
        scanners = Scanners(rspamd_url=f"http://{host}:{port}")
        with client_of(tmp_path, scanners) as client:
            sent(client)
    assert place(bob) == Mailbox.Use.JUNK
    assert {"IP: 127.0.0.1", "Helo: mx.crepes.fr", "From: alice@crepes.fr", "Rcpt: bob@hamburger.edu"} <= set(
        server.heads[0]
    )


def test_what_is_too_much_is_refused(tmp_path, bob, settings):
    settings.CORREIO = replace(settings.CORREIO, spam_reject=10.0)
    with running(Rspamd({"score": 11})) as [(host, port)]:
        scanners = Scanners(rspamd_url=f"http://{host}:{port}")
        with client_of(tmp_path, scanners) as client:
            sent(client, reply=r"550 5\.7\.1 The message looks too much like spam")
            client.ask("NOOP", "250 .*")
    assert not Message.objects.exists()


def test_a_virus_is_refused_by_its_name_and_the_session_goes_on(tmp_path, bob):
    server = Clamd(b"stream: Eicar-\r\nTest\xff Signature FOUND\0")
    with running(server) as [clamd], client_of(tmp_path, Scanners(clamd_place=clamd)) as client:
        sent(client, reply=r"550 5\.7\.1 The message carries something harmful \(Eicar-TestSignature\)")
        assert not Message.objects.exists()
        server.answer = b"stream: OK\0"
        sent(client)
    assert place(bob) == Mailbox.Use.INBOX


@pytest.mark.parametrize("answer", [b"", b"stream: Vir", b"\xff\xfe\0", b"INSTREAM size limit exceeded. ERROR\0"])
def test_trouble_of_scanners_costs_no_message(tmp_path, bob, answer):
    with running(Clamd(answer), Rspamd(answer)) as [clamd, (host, port)]:
        scanners = Scanners(clamd_place=clamd, rspamd_url=f"http://{host}:{port}")
        with client_of(tmp_path, scanners) as client:
            sent(client)
    assert place(bob) == Mailbox.Use.INBOX


def test_scanners_that_hang_are_not_waited_for(tmp_path, bob):
    with running(silence, silence) as [clamd, (host, port)]:
        scanners = Scanners(clamd_place=clamd, rspamd_url=f"http://{host}:{port}", seconds=0.1)
        with client_of(tmp_path, scanners) as client:
            sent(client)
    assert place(bob) == Mailbox.Use.INBOX


def test_two_recipients_have_two_folders(tmp_path, bob, charlie):
    acquaintances.write_to(bob.pk, ["alice@crepes.fr"])
    scanners = Scanners(blocklists=Blocklists(["bl.example", "bl2.example"], LISTED), everybody=True)
    with client_of(tmp_path, scanners) as client:
        raw = message(sender="alice@crepes.fr", to="bob@hamburger.edu")
        handed_over(client, "alice@crepes.fr", "bob@hamburger.edu", "charlie@hamburger.edu", raw=raw)
    assert (place(bob), place(charlie)) == (Mailbox.Use.INBOX, Mailbox.Use.JUNK)


def test_it_judges_without_any_scanner(tmp_path, bob):
    with client_of(tmp_path, None) as client:
        sent(client, subject="YOU HAVE WON")
    message_id = Message.objects.get().pk
    assert [reason.name for reason in scoring.of_messages([message_id])[message_id].reasons] == ["shouting"]


@pytest.mark.django_db(transaction=True)
def test_it_asks_as_the_settings_say(tmp_path, bob):
    zone = {f"1.0.0.127.{name}": ["A 127.0.0.2"] for name in ("bl.example", "bl2.example")}
    server = Rspamd({"score": 0.5})
    with DnsServer(zone) as dns, running(server, Clamd()) as [(host, port), (clamd_host, clamd_port)]:
        environ = {
            "CORREIO_SENDER_CHECKS": "all",
            "CORREIO_DNS_SERVER": "{}:{}".format(*dns.address),
            "CORREIO_DNSBL": "bl.example,bl2.example",
            "CORREIO_RSPAMD_URL": f"http://{host}:{port}",
            "CORREIO_CLAMD": f"{clamd_host}:{clamd_port}",
            "CORREIO_SPAM_JUNK": "6.5",
        }
        with runsmtp(tmp_path, environ=environ) as started, Dialogue(started.mx) as client:
            client.expect("220 .*")
            client.ask("EHLO mx.crepes.fr", "250-.*")
            sent(client)
    judgement = Event.objects.get(kind=Event.Kind.STORED).detail["judgement"]
    assert {name for name, _, _ in judgement["reasons"]} >= {"blocklist bl.example", "blocklist bl2.example", "rspamd"}
    assert place(bob) == Mailbox.Use.JUNK
