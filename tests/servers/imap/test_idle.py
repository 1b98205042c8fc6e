"""IDLE (RFC 2177) with a server that commits, so that bells ring."""

from __future__ import annotations

import asyncio
import re

import pytest

from mailserver.errors import Unavailable
from mailserver.servers.imap.limits import Limits
from mailserver.services import selection
from mailserver.services.inbound import Incoming
from mailserver.services.recipients import Local
from tests.support.mail import delivered, taken
from tests.support.mail import message as letter


@pytest.fixture
def idler(live, bob):
    client = live(bob.address, "INBOX")
    client.tag = client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    return client


def done(client) -> list[bytes]:
    client.push(b"DONE\r\n")
    return client.until(client.tag)


def test_new_mail_is_told_at_once(idler, bob):
    delivered(bob)
    assert idler.response() == b"* 1 EXISTS"
    assert idler.response() == b"* 1 RECENT"
    assert re.fullmatch(rb"\* 1 FETCH \(FLAGS \(\\Recent\)\)", idler.response())
    assert done(idler) == [b"OK No longer idling."]
    assert idler.ok("FETCH 1 UID") == [b"1 FETCH (UID 1)"]


def test_one_letter_is_told_to_all_it_came_to(live, alice, bob, charlie):
    people = (alice, bob, charlie)
    clients = [live(person.address, "INBOX") for person in people]
    for client in clients:
        client.send_command("IDLE")
        assert client.response() == b"+ Idling"
    locals_ = tuple(Local(person.pk, person.address) for person in people)
    taken(Incoming(raw=letter(), sender="", recipients=locals_, helo="hamburger.edu"))
    for client in clients:
        assert [client.response() for _ in range(3)] == [
            b"* 1 EXISTS",
            b"* 1 RECENT",
            b"* 1 FETCH (FLAGS (\\Recent))",
        ]


def test_new_mail_is_told_when_nobody_can_say_what_is_recent(live, bob, monkeypatch):
    client = live(bob.address, "INBOX")
    client.send_command("IDLE")
    assert client.response() == b"+ Idling"

    def away(**values):
        raise Unavailable("The database is away.")

    monkeypatch.setattr(selection, "claim", away)
    delivered(bob)
    assert [client.response() for _ in range(3)] == [b"* 1 EXISTS", b"* 0 RECENT", b"* 1 FETCH (FLAGS ())"]


def test_flags_and_expunges_too(live, bob):
    other = live(bob.address)
    for _ in range(3):
        other.append("INBOX", letter())
    client = live(bob.address, "INBOX")
    other.ok("SELECT INBOX")
    client.tag = client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    other.ok("STORE 2 +FLAGS (\\Flagged)")
    assert client.response() == b"* 2 FETCH (FLAGS (\\Flagged \\Recent))"
    other.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert {client.response(), client.response()} == {
        b"* 1 FETCH (FLAGS (\\Deleted \\Recent))",
        b"* 3 FETCH (FLAGS (\\Deleted \\Recent))",
    }
    other.ok("EXPUNGE")
    assert [client.response(), client.response()] == [b"* 3 EXPUNGE", b"* 1 EXPUNGE"]
    assert done(client) == [b"OK No longer idling."]
    assert client.ok("FETCH 1 UID") == [b"1 FETCH (UID 2)"]


def test_what_came_before_is_told_first(live, bob):
    client = live(bob.address, "INBOX")
    delivered(bob)
    client.tag = client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    assert client.response() == b"* 1 EXISTS"


def test_without_a_mailbox(live, bob):
    client = live(bob.address)
    client.tag = client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    delivered(bob)
    client.expect_silence(0.3)
    assert done(client) == [b"OK No longer idling."]


def test_only_done_ends_it(idler):
    idler.push(b"NOOP\r\n")
    assert idler.until(idler.tag) == [b"BAD Only DONE ends IDLE."]
    assert idler.ok("NOOP") == []


def test_another_mailbox_is_not_told(idler, live, bob):
    live(bob.address).append("Sent", letter())
    idler.expect_silence(0.3)


def test_a_folder_that_goes_ends_the_session(live, bob):
    other = live(bob.address)
    other.ok("CREATE Here")
    client = live(bob.address, "Here")
    client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    other.ok("DELETE Here")
    assert client.response() == b"* BYE Somebody has deleted the selected mailbox."
    client.expect_end()


def test_many_at_once_are_told_together(idler, live, bob):
    raw = letter()
    live(bob.address).ok(b"APPEND INBOX " + b" ".join(b"{%d+}\r\n%b" % (len(raw), raw) for _ in range(20)))
    assert idler.response() == b"* 20 EXISTS"


def test_a_lost_ring_costs_a_minute_at_most(idler, live, bob, monkeypatch):
    """The hub compares counters by itself; here at once."""
    delivered(bob)
    assert [idler.response()[:8] for _ in range(3)] == [b"* 1 EXIS", b"* 1 RECE", b"* 1 FETC"]
    monkeypatch.setattr("mailserver.store.bell.ring_all", lambda accounts: None)
    delivered(bob)
    idler.expect_silence(0.3)
    loop = live.ports.site.hub._clock.get_loop()
    asyncio.run_coroutine_threadsafe(live.ports.site.hub.compare(), loop).result(10)
    assert idler.response() == b"* 2 EXISTS"


def test_a_sign_of_life(strict, bob):
    client = strict(limits=Limits(sign_of_life=0.1))(bob.address)
    client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    assert client.response() == b"* OK Still here"
    assert client.response() == b"* OK Still here"


def test_but_not_for_ever(strict, bob):
    client = strict(limits=Limits(idle=0.3))(bob.address)
    client.send_command("IDLE")
    assert client.response() == b"+ Idling"
    assert client.response() == b"* BYE You were silent for too long."
    client.expect_end()
