from __future__ import annotations

import time

import pytest

from mailserver.services import messages
from mailserver.store.models import Message
from tests.support.dialogue import Dialogue
from tests.support.listeners import listening

LINES = [
    "Do you like ketchup?",
    "How about pickles?",
    ".",
]


def test_it_speaks_the_textbook_dialogue(ports, bob):
    with Dialogue(ports.mx) as client:
        client.expect(r"220 mx\.hamburger\.edu .*")
        client.ask("HELO crepes.fr", r"250 .*Hello crepes\.fr, pleased to meet you")
        client.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
        client.ask("RCPT TO:<bob@hamburger.edu>", r"250 .*")
        client.ask("DATA", r"354 .*")
        client.send(*LINES)
        client.expect(r"250 2\.0\.0 Stored as [A-Z2-7]{12}")
        client.ask("QUIT", r"221 .*")
        client.expect_end()
    (message,) = Message.objects.filter(account=bob)
    assert messages.raw(message).endswith(b"Do you like ketchup?\r\nHow about pickles?\r\n")


def test_it_takes_what_a_person_types_slowly(ports, bob):
    with Dialogue(ports.mx) as client:
        client.expect(r"220 .*")
        for command in ("HELO crepes.fr", "mail from: <alice@crepes.fr>", "rcpt to: <bob@hamburger.edu>", "data"):
            for letter in f"{command}\r\n":
                client.push(letter.encode())
            client.expect(r"(250|354) .*")
        for letter in "Do you like ketchup?\r\n.\r\n":
            client.push(letter.encode())
            time.sleep(0.002)
        client.expect(r"250 2\.0\.0 Stored as .*")


def test_it_answers_all_of_a_file_that_netcat_sends_at_once(ports, bob):
    with Dialogue(ports.mx) as client:
        client.send(
            "HELO crepes.fr", "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>", "DATA", *LINES, "QUIT"
        )
        client.socket.shutdown(1)
        for code in (220, 250, 250, 250, 354, 250, 221):
            client.expect(rf"{code} .*")
        client.expect_end()


@pytest.mark.django_db(transaction=True)
def test_it_answers_250_only_after_the_commit(tmp_path, bob):
    with listening(tmp_path) as ports, Dialogue(ports.mx) as client:
        client.expect(r"220 .*")
        client.ask("HELO crepes.fr", r"250 .*")
        client.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
        client.ask("RCPT TO:<bob@hamburger.edu>", r"250 .*")
        client.ask("DATA", r"354 .*")
        client.send(*LINES)
        client.expect(r"250 .*")
        # Seen by this thread's own connection, so it was committed.
        assert Message.objects.filter(account=bob).count() == 1
