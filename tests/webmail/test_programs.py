"""The page that says how to set up a phone or a mail program, and Apple's profile."""

from __future__ import annotations

import plistlib
from dataclasses import replace

import pytest
from django.test import Client

from tests.services.test_programs import PUBLIC
from tests.webmail.reading import page, signed_in, texts

PAGE, APPLE = "/account/programs/", "/account/programs/apple/"


@pytest.fixture
def public(settings):
    def change(**ports: int) -> None:
        settings.CORREIO = replace(settings.CORREIO, public_host="mail.crepes.fr", public_ports={**PUBLIC, **ports})

    change()
    return change


def facts(tree) -> list[str]:
    return [" ".join((term, fact)) for term, fact in zip(texts(tree, "dt"), texts(tree, "dd"), strict=True)]


def test_it_shows_what_to_type_in(alice, public):
    tree = page(signed_in(alice).get(PAGE))
    assert texts(tree, "section h2") == [
        *("Your programs", "Who you are", "Reading by IMAP", "Reading by POP3", "Sending by SMTP")
    ]
    found = facts(tree)
    assert found[0] == "User name alice@crepes.fr"
    assert [fact for fact in found if "Port" in fact] == [
        *("Port 993", "Otherwise Port 143 with STARTTLS"),
        *("Port 995", "Otherwise Port 110 with STARTTLS"),
        *("Port 465", "Otherwise Port 587 with STARTTLS"),
    ]
    assert found.count("Server mail.crepes.fr") == 3
    assert found.count("Security SSL/TLS") == 3


def test_each_thing_to_type_can_be_copied(alice, public):
    buttons = page(signed_in(alice).get(PAGE)).css("[data-behaviour=copy]")
    assert [(one.attributes["aria-label"], one.attributes["data-text"]) for one in buttons] == [
        ("Copy the user name", "alice@crepes.fr"),
        ("Copy IMAP server", "mail.crepes.fr"),
        ("Copy IMAP port", "993"),
        ("Copy POP3 server", "mail.crepes.fr"),
        ("Copy POP3 port", "995"),
        ("Copy SMTP server", "mail.crepes.fr"),
        ("Copy SMTP port", "465"),
    ]


def test_it_leaves_out_what_is_not_offered(alice, public):
    public(pop3=0, pop3s=0, imaps=0)
    tree = page(signed_in(alice).get(PAGE))
    assert "Reading by POP3" not in texts(tree, "h2")
    assert facts(tree)[2:5] == ["Server mail.crepes.fr", "Port 143", "Security STARTTLS"]
    assert tree.css(f"a[href='{APPLE}']")
    public(submission=0, submissions=0)
    assert not page(signed_in(alice).get(PAGE)).css(f"a[href='{APPLE}']")
    assert signed_in(alice).get(APPLE).status_code == 404


def test_it_is_for_people_who_are_signed_in(domains):
    for path in (PAGE, APPLE):
        assert Client().get(path).headers["Location"] == f"/signin/?next={path}"


def test_it_is_found_from_the_account(alice):
    assert page(signed_in(alice).get("/account/")).css(f"a[href='{PAGE}']")


def test_it_gives_the_profile_of_the_one_who_asks(alice, bob, public):
    answer = signed_in(alice).get(APPLE)
    assert answer.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="crepes.fr.mobileconfig"'
    assert "private" in answer.headers["Cache-Control"]
    (mail,) = plistlib.loads(answer.content)["PayloadContent"]
    assert (mail["EmailAddress"], mail["EmailAccountName"]) == ("alice@crepes.fr", "Alice")
    assert b"alice" not in signed_in(bob).get(APPLE).content
