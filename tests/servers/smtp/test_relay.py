"""No mail passes through for strangers, however they spell it."""

from __future__ import annotations

import pytest

from mailserver.store.models import QueueEntry

SPELLINGS = [
    "victim@outside.example",
    "victim%outside.example@hamburger.edu",
    "victim%outside.example@mx.hamburger.edu",
    "victim%outside.example",
    "outside.example!victim",
    "outside.example!victim@hamburger.edu",
    "victim@outside.example@hamburger.edu",
    '"victim@outside.example"@hamburger.edu',
    '"victim%outside.example"@hamburger.edu',
    '"victim@outside.example"',
    "@hamburger.edu:victim@outside.example",
    "@hamburger.edu,@mx.hamburger.edu:victim@outside.example",
    "victim@[192.0.2.1]",
    "victim@[127.0.0.1]",
    "victim@[IPv6:2001:db8::1]",
    "bob@sub.hamburger.edu",
    "bob@mx.hamburger.edu",
]


@pytest.mark.parametrize("address", SPELLINGS)
@pytest.mark.parametrize("sender", ["<>", "<bob@hamburger.edu>", "<charlie@outside.example>"])
def test_it_does_not_relay(hello, bob, sender, address):
    hello.ask(f"MAIL FROM:{sender}", "250 .*")
    hello.ask(f"RCPT TO:<{address}>", r"554 5\.7\.1 .*")
    hello.ask("DATA", r"554 5\.5\.1 .*")
    assert not QueueEntry.objects.exists()


@pytest.mark.parametrize("address", ["victim%outside.example@hamburger.edu", '"a@b"@hamburger.edu'])
def test_a_catch_all_takes_no_such_names(hello, bob, domains, address):
    domains["hamburger.edu"].catch_all = bob
    domains["hamburger.edu"].save()
    hello.ask("MAIL FROM:<>", "250 .*")
    hello.ask(f"RCPT TO:<{address}>", r"554 5\.7\.1 .*")


def test_it_sends_nothing_before_the_sign_in(ports, connect):
    for client in (connect(ports.submission), connect(ports.submissions, encrypted=True)):
        client.ask("MAIL FROM:<alice@crepes.fr>", r"530 5\.7\.0 .*")
        client.ask("RCPT TO:<victim@outside.example>", r"503 .*")
        client.ask("DATA", r"503 .*")
