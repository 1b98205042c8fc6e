from __future__ import annotations

import pytest

from mailserver.services.accounts import create_account
from mailserver.store.models import Mailbox, Message
from tests.support.dialogue import Dialogue
from tests.support.listeners import in_the_tests_transaction, listening
from tests.support.statements import counted


@pytest.fixture
def mail(hello, bob) -> Dialogue:
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
    return hello


@pytest.mark.parametrize(
    "address", ["bob@hamburger.edu", "BOB@Hamburger.EDU", "bob+news@hamburger.edu", '"bob"@hamburger.edu']
)
def test_it_takes_mail_for_bob(mail, address):
    mail.ask(f"RCPT TO:<{address}>", r"250 2\.1\.5 .*")


def test_it_ignores_a_source_route(mail):
    mail.ask("RCPT TO:<@relay.example,@two.example:bob@hamburger.edu>", r"250 2\.1\.5 .*")


@pytest.mark.parametrize("address", ["nobody@hamburger.edu", "boB2@hamburger.edu", "b@hamburger.edu"])
def test_it_refuses_unknown_people_at_once(mail, address):
    mail.ask(f"RCPT TO:<{address}>", r"550 5\.1\.1 .*")


@pytest.mark.parametrize(
    "address", ["bob", "@hamburger.edu", "bob @hamburger.edu", "", "bob@", "bob@ham burger.edu", "bob@hamburger.edu."]
)
def test_it_refuses_what_is_no_address(mail, address):
    mail.ask(f"RCPT TO:<{address}>", r"501 5\.1\.3 .*")


@pytest.mark.parametrize("parameter", ["X", "X=1", "NOTIFY=NEVER X"])
def test_it_knows_no_parameters(mail, parameter):
    mail.ask(f"RCPT TO:<bob@hamburger.edu> {parameter}", r"555 5\.5\.4 .*")


def test_it_wants_mail_first(hello):
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"503 5\.5\.1 .*")


def test_it_takes_bounces(hello, bob):
    hello.ask("MAIL FROM:<>", r"250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"250 .*")
    hello.ask("DATA", r"354 .*")
    hello.send("Subject: Undelivered", "", "Sorry.", ".")
    hello.expect(r"250 .*")
    assert bytes(Message.objects.get(account=bob).prefix).startswith(b"Return-Path: <>\r\n")


@pytest.mark.parametrize("address", ["postmaster", "Postmaster", "postmaster@hamburger.edu", "POSTMASTER@crepes.fr"])
def test_it_always_takes_mail_for_the_postmaster(hello, bob, address):
    admin = create_account(address="root@hamburger.edu", password="galette", admin=True)
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
    hello.ask(f"RCPT TO:<{address}>", r"250 .*")
    hello.ask("DATA", r"354 .*")
    hello.send("Subject: Help", "", "Hello?", ".")
    hello.expect(r"250 .*")
    assert Message.objects.filter(account=admin).count() == 1


def test_it_gives_the_postmaster_of_a_domain_to_its_catch_all(hello, bob, domains):
    domains["hamburger.edu"].catch_all = bob
    domains["hamburger.edu"].save()
    hello.ask("MAIL FROM:<>", r"250 .*")
    hello.ask("RCPT TO:<postmaster@hamburger.edu>", r"250 .*")


def test_it_refuses_a_full_mailbox_and_harms_nobody_else(hello, bob, charlie):
    bob.quota = 1000
    bob.save()
    Mailbox.objects.filter(account=bob, special_use="inbox").update(size=1000)
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"452 4\.2\.2 .*")
    hello.ask("RCPT TO:<charlie@hamburger.edu>", r"250 .*")


def test_it_refuses_a_message_announced_larger_than_the_room(hello, bob):
    bob.quota = 1000
    bob.save()
    hello.ask("MAIL FROM:<alice@crepes.fr> SIZE=1001", r"250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"452 4\.2\.2 .*")


def test_it_refuses_a_message_that_turns_out_larger_than_the_room(mail, bob):
    bob.quota = 1000
    bob.save()
    mail.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    mail.ask("DATA", "354 .*")
    mail.send("Subject: Large", "", "x" * 2000, ".")
    mail.expect(r"452 4\.2\.2 .*")
    assert not Message.objects.exists()


def test_it_does_not_refuse_it_when_another_recipient_has_room(mail, bob, charlie):
    bob.quota = 1000
    bob.save()
    mail.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    mail.ask("RCPT TO:<charlie@hamburger.edu>", "250 .*")
    mail.ask("DATA", "354 .*")
    mail.send("Subject: Large", "", "x" * 2000, ".")
    mail.expect("250 .*")


def test_it_says_that_a_switched_off_mailbox_takes_no_mail(hello, bob):
    bob.is_active = False
    bob.save()
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"550 5\.2\.1 .*")


def test_a_new_recipient_costs_three_questions_and_a_known_one_none(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    with counted() as statements:
        hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    assert len(statements) == 3
    with counted() as statements:
        for _ in range(50):
            hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    assert not statements


def test_it_takes_so_many_recipients(db, tmp_path, bob):
    with in_the_tests_transaction(), listening(tmp_path, max_recipients=3) as ports, Dialogue(ports.mx) as client:
        client.expect("220 .*")
        client.ask("HELO crepes.fr", "250 .*")
        client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
        for number in range(3):
            client.ask(f"RCPT TO:<bob+{number}@hamburger.edu>", "250 .*")
        client.ask("RCPT TO:<bob+4@hamburger.edu>", r"452 4\.5\.3 .*")
        client.ask("DATA", "354 .*")
        client.send("Subject: Many", "", "Hi", ".")
        client.expect("250 .*")
    assert Message.objects.filter(account=bob).count() == 1
