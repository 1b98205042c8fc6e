"""Many messages to one destination, and many destinations at once."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from mailserver.conf import Route
from mailserver.practice.scripted import HANG, ScriptedServer
from mailserver.services import delivery, delivery_load, delivery_loop, delivery_rate, delivery_run, queue
from mailserver.services.delivery_office import Office
from mailserver.services.delivery_run import FEW
from mailserver.store.models import DeliveryAttempt, QueueRecipient
from tests.support.queueing import notes, only, queued

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "hamburger.edu"


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in QueueRecipient.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_it_delivers_more_than_one_claim_over_a_few_kept_connections(remote, alice):
    server = remote()
    with transaction.atomic():
        for number in range(FEW + 5):
            queued(alice, f"u{number}@{DOMAIN}")
    assert delivery.deliver_domain(DOMAIN) == FEW + 5
    assert states() == {"delivered": FEW + 5}
    assert set(DeliveryAttempt.objects.values_list("number", flat=True)) == {1}
    assert len(server.sessions) <= 8
    assert len(server.messages) == FEW + 5


def test_it_takes_ever_less_of_what_is_left_so_that_workers_end_together(remote, alice, monkeypatch):
    monkeypatch.setattr(delivery_run, "FEW", 2)
    claims, claim_all = [], queue.claim_all

    def claim(wanted):
        (held,) = claim_all(wanted)
        claims.append((wanted[0][1], held.left))
        return [held]

    monkeypatch.setattr(queue, "claim_all", claim)
    remote()
    with transaction.atomic():
        for number in range(40):
            queued(alice, f"u{number}@{DOMAIN}")
    assert delivery.deliver_domain(DOMAIN) == 40
    assert claims[:2] == [(2, 38), (8, 30)]
    assert [wanted for wanted, _ in claims[2:]] == [max(2, left // delivery_run.PART) for _, left in claims[1:-1]]
    assert claims[-1] == (2, 0)


def test_it_rings_for_help_where_more_waits(remote, alice, monkeypatch):
    rung = []
    monkeypatch.setattr(delivery_run, "wake", rung.append)
    remote()
    with transaction.atomic():
        for number in range(2 * FEW):
            queued(alice, f"u{number}@{DOMAIN}")
    delivery.deliver_domain(DOMAIN)
    assert rung == [[DOMAIN]]


def test_octets_that_cannot_be_read_together_are_read_one_by_one(remote, alice, monkeypatch, caplog):
    monkeypatch.setattr(delivery, "_office", Office())
    monkeypatch.setattr(delivery_load, "contents", lambda _: 1 / 0)
    server = remote()
    for number in range(3):
        queued(alice, f"u{number}@{DOMAIN}")
    assert delivery.deliver_domain(DOMAIN) == 3
    assert len(server.messages) == 3
    assert "not read together" in caplog.text


def test_one_message_ends_its_connection_in_its_own_dialogue(remote, alice):
    remote()
    entry = queued(alice, f"bob@{DOMAIN}")
    delivery.deliver_domain(DOMAIN)
    assert entry.attempts.get().transcript[-2][1:] == ["client", "QUIT"]


def test_it_goes_on_with_a_server_that_takes_few_connections(remote, alice):
    """What was refused to a further connection was no try of a message: it goes over the one that stands."""
    server = remote(replies={"BANNER": ["220 mx1.hamburger.edu", "421 4.7.0 One at a time", "220 hello"]})
    entries = [queued(alice, f"u{number}@{DOMAIN}") for number in range(12)]
    assert delivery.deliver_domain(DOMAIN) == 12
    assert len(server.messages) == 12
    assert {only(entry).attempts for entry in entries} == {1}
    assert delivery._office.paces.of(DOMAIN, 8).limit < 8


def test_a_message_that_demands_encryption_shares_no_connection(remote, alice):
    server = remote()
    for number in range(4):
        entry = queued(alice, f"u{number}@{DOMAIN}")
        type(entry).objects.filter(pk=entry.pk).update(require_tls=number % 2 == 0)
    delivery.deliver_domain(DOMAIN)
    # The server offers no proof of who it is, so half of them wait (RFC 8689).
    assert states() == {"delivered": 2, "deferred": 2}
    assert sum(len(session.messages) for session in server.sessions) == 2


def test_it_claims_no_more_than_the_administrator_allows_in_a_minute(remote, configure, alice, monkeypatch):
    monkeypatch.setattr(delivery_rate, "_minute", lambda: 29_000_000)
    remote()
    configure(delivery_rates={"*": 3}, redis_url="")
    for number in range(5):
        queued(alice, f"u{number}@{DOMAIN}")
    assert delivery.deliver_domain(DOMAIN) == 3
    assert delivery.deliver_domain(DOMAIN) == 0
    assert states() == {"delivered": 3, "queued": 2}
    monkeypatch.setattr(delivery_rate, "_minute", lambda: 29_000_001)
    assert delivery.deliver_domain(DOMAIN) == 2


def test_a_worker_that_ends_finishes_what_it_talks_about_and_gives_back_the_rest(remote, alice, monkeypatch):
    office = Office()
    monkeypatch.setattr(delivery, "_office", office)
    server = remote()
    office = delivery._office
    real = queue.claim_all

    def claim(*args):
        claims = real(*args)
        office.closing = True
        return claims

    monkeypatch.setattr(queue, "claim_all", claim)
    entry = queued(alice, f"bob@{DOMAIN}")
    assert delivery.deliver_domain(DOMAIN) == 0
    assert (only(entry).state, only(entry).attempts, notes(entry), server.messages) == ("queued", 0, [], [])


def test_destinations_of_one_bell_are_claimed_and_recorded_together(configure, alice, domains, monkeypatch, dead_port):
    """A statement for each would be most of what a dead destination costs."""
    monkeypatch.setattr(delivery, "_office", Office())
    claimed, claim_all = [], queue.claim_all
    monkeypatch.setattr(queue, "claim_all", lambda wanted: (claimed.append(len(wanted)), claim_all(wanted))[1])
    names = [f"dead{number}.test" for number in range(20)]
    configure(routes={name: Route("127.0.0.1", dead_port) for name in names})
    with transaction.atomic():
        for name in names:
            queued(alice, f"bob@{name}")
    delivery.answer_bell(names)
    for name in names:
        delivery_loop.submit(delivery._serve(name)).result()
    assert states() == {"deferred": 20}
    assert claimed[0] == 20
    assert DeliveryAttempt.objects.values("number").distinct().count() == 1


def test_dead_servers_delay_no_others(configure, alice, domains, monkeypatch):
    """Servers that accept and say nothing hold their tasks; all others are done while they still do."""
    monkeypatch.setattr(delivery, "_office", Office())
    dead, live = [f"dead{number}.test" for number in range(25)], [f"live{number}.test" for number in range(25)]
    with ScriptedServer(replies={"BANNER": HANG}) as silent, ScriptedServer() as server:
        routes = {name: Route("127.0.0.1", silent.port) for name in dead}
        configure(routes=routes | {name: Route("127.0.0.1", server.port) for name in live}, stage_timeout=30.0)
        with transaction.atomic():
            for name in (name for pair in zip(dead, live, strict=True) for name in pair):
                queued(alice, f"bob@{name}", at=timezone.now())
        delivery.answer_bell(dead)
        waiting = [delivery_loop.submit(delivery._serve(name)) for name in live]
        assert [each.result() for each in waiting] == [1] * len(live)
        assert len(server.messages) == len(live)
        assert set(QueueRecipient.objects.filter(domain__in=dead).values_list("state", flat=True)) <= {
            "delivering",
            "queued",
        }
        ended = [delivery_loop.submit(delivery._serve(name)) for name in dead]
    # Both servers are gone now: the calls end, and each dead destination has had one try.
    for each in ended:
        each.result()
    rows = QueueRecipient.objects.filter(domain__in=dead)
    assert set(rows.values_list("state", "attempts")) == {("deferred", 1)}
