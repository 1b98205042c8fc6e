"""What is turned away leaves a line in the timeline, whoever asked and however often."""

from __future__ import annotations

import pytest

from mailserver.services import refusals
from mailserver.store.models import Event
from tests.support.dialogue import Dialogue, base64
from tests.support.listeners import in_the_tests_transaction, listening
from tests.support.people import PASSWORD


@pytest.fixture
def told(db, tmp_path):
    """Runs a dialogue with the MX or submission and gives the events it left, newest last."""

    def run(*lines: tuple[str, str], door: str = "mx", encrypted: bool = False) -> list[Event]:
        with (
            in_the_tests_transaction(),
            listening(tmp_path) as ports,
            Dialogue(getattr(ports, door), encrypted=encrypted) as client,
        ):
            client.expect(r"220 .*")
            client.ask("EHLO mail.crepes.fr", r"250-.*")
            for said, heard in lines:
                client.ask(said, heard)
        return list(Event.objects.filter(kind=Event.Kind.REFUSED).order_by("id"))

    return run


def test_it_keeps_who_was_told_what(told, bob):
    (event,) = told(
        ("MAIL FROM:<alice@crepes.fr>", "250 .*"),
        ("RCPT TO:<bobb@hamburger.edu>", r"550 5\.1\.1 .*"),
        ("RCPT TO:<bob@hamburger.edu>", "250 .*"),
    )
    assert (event.recipient, event.account, event.reference) == ("bobb@hamburger.edu", None, "")
    detail = dict(event.detail)
    assert detail.pop("reply").startswith("550 5.1.1 ")
    assert detail == {
        "door": "mx",
        "peer": "127.0.0.1",
        "helo": "mail.crepes.fr",
        "tls": "",
        "login": "",
        "sender": "alice@crepes.fr",
    }


def test_it_keeps_the_refusal_of_the_content(told, bob):
    (event,) = told(
        ("MAIL FROM:<alice@crepes.fr>", "250 .*"),
        ("RCPT TO:<bob@hamburger.edu>", "250 .*"),
        ("DATA", "354 .*"),
        ("Subject: lone\n\r\n.", r"550 5\.6\.11 .*"),
    )
    assert event.recipient == "bob@hamburger.edu"
    assert event.detail["reply"].startswith("550 5.6.11 ")


def test_it_names_who_had_signed_in(told, alice):
    alices = base64(f"\0alice@crepes.fr\0{PASSWORD}")
    (event,) = told(
        (f"AUTH PLAIN {alices}", "235 .*"),
        ("MAIL FROM:<bob@hamburger.edu>", r"553 5\.7\.1 .*"),
        door="submissions",
        encrypted=True,
    )
    assert (event.detail["login"], event.detail["sender"]) == ("alice@crepes.fr", "bob@hamburger.edu")
    assert (event.detail["door"], event.recipient) == ("submission", "")
    assert event.detail["tls"].startswith("TLSv1.")


def test_what_a_client_says_does_no_harm(told, bob):
    (event,) = told(
        ("MAIL FROM:<alice@crepes.fr>", "250 .*"),
        (f"RCPT TO:<\x07{'x' * 900}@hamburger.edu>", r"5\d\d .*"),
    )
    assert event.recipient.startswith("\N{REPLACEMENT CHARACTER}x")
    assert len(event.recipient) == 256


def test_errors_of_form_are_not_mail(told, bob):
    assert told(("RCPT TO:<bob@hamburger.edu>", "503 .*"), ("FROBNICATE", "500 .*"), ("MAIL FROM", "501 .*")) == []


def test_guessing_is_bounded(told, bob):
    guesses = [(f"RCPT TO:<guess{number}@hamburger.edu>", "550 .*") for number in range(40)]
    assert len(told(("MAIL FROM:<>", "250 .*"), *guesses)) == 20


def test_it_finds_them_and_forgets_them(told, bob):
    told(
        ("MAIL FROM:<alice@crepes.fr>", "250 .*"),
        ("RCPT TO:<bobb@hamburger.edu>", "550 .*"),
        ("RCPT TO:<50%@hamburger.edu>", "55. .*"),
    )
    assert [row.recipient for row in refusals.latest(text="BOBB").rows] == ["bobb@hamburger.edu"]
    assert [row.recipient for row in refusals.latest(text="50%@").rows] == ["50%@hamburger.edu"]
    for text in ("127.0.0.1", "alice@", "mail.crepes.fr", ""):
        assert len(refusals.latest(text=text).rows) == 2
    assert refusals.latest(text="\x00nobody").rows == []
    page = refusals.latest(limit=1)
    assert (len(page.rows), page.more) == (1, True)
    assert refusals.forget(page.rows[0].at) == 1
