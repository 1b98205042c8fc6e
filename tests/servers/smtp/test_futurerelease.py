"""HOLDFOR and HOLDUNTIL (RFC 4865) at the door for our own people, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailserver.store.models import QueueEntry
from tests.support.dialogue import Dialogue, base64
from tests.support.people import PASSWORD


@pytest.fixture
def signed_in(ports, connect, alice) -> Dialogue:
    client: Dialogue = connect(ports.submissions, encrypted=True)
    client.ask(f"AUTH PLAIN {base64(f'{chr(0)}alice@crepes.fr{chr(0)}{PASSWORD}')}", "235 .*")
    return client


def submit(client: Dialogue, parameters: str) -> QueueEntry:
    client.ask(f"MAIL FROM:<alice@crepes.fr> {parameters}", "250 .*")
    client.ask("RCPT TO:<dora@outside.example>", "250 .*")
    client.ask("DATA", "354 .*")
    client.send("From: alice@crepes.fr", "", "Hi", ".")
    client.expect("250 .*")
    return QueueEntry.objects.get()


def test_it_is_announced_to_our_own_people_only(mx, signed_in):
    assert "FUTURERELEASE" not in mx.ask("EHLO crepes.fr", "250.*")
    assert "FUTURERELEASE 31622400 20" in signed_in.ask("EHLO crepes.fr", "250.*")
    mx.ask("MAIL FROM:<alice@crepes.fr> HOLDFOR=60", r"555 5\.5\.4 .*")


@pytest.mark.parametrize("by", ["interval", "moment"])
def test_it_lets_nothing_leave_before(signed_in, by):
    moment = datetime.now(UTC) + timedelta(hours=2)
    entry = submit(signed_in, "HOLDFOR=7200" if by == "interval" else f"HOLDUNTIL={moment:%Y-%m-%dT%H:%M:%SZ}")
    assert abs(entry.not_before - moment) < timedelta(seconds=30)
    assert entry.recipients.get().next_attempt_at == entry.not_before


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("HOLDFOR=soon", "HOLDFOR is seconds, .*"),
        ("HOLDUNTIL=2026-13-01T00:00:00Z", "HOLDFOR is seconds, .*"),
        ("HOLDFOR", "HOLDFOR is seconds, .*"),
        ("HOLDFOR=999999999", "Nothing is held for so long"),
        ("HOLDFOR=1 HOLDUNTIL=2030-01-01T00:00:00Z", "HOLDFOR and HOLDUNTIL exclude each other"),
    ],
)
def test_it_says_what_is_wrong_with_a_moment(signed_in, parameters, said):
    signed_in.ask(f"MAIL FROM:<alice@crepes.fr> {parameters}", rf"501 5\.5\.4 {said}")
    assert submit(signed_in, "HOLDFOR=1").not_before
