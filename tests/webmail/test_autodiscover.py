"""Outlook's question: a small XML document by POST."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from django.test import Client

from mailserver.mail.autodiscover import RESPONSE_SCHEMA
from tests.mail.test_autodiscover import ALICE, BILLION, WANTED, question
from tests.services.test_programs import PUBLIC
from tests.webmail import site
from tests.webmail.reading import signed_in

PATHS = ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"]
MOBILE = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
ERROR = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"


def ask(body: bytes, path: str = PATHS[0]) -> ElementTree.Element:
    """As a program does: no cookie, no token."""
    answer = Client(enforce_csrf_checks=True).post(path, body, content_type="text/xml")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert not answer.cookies
    return ElementTree.fromstring(answer.content)


def code(root: ElementTree.Element) -> str:
    return root.findtext(f".//{ERROR}ErrorCode", "none")


def protocols(root: ElementTree.Element) -> list[dict[str, str]]:
    space = f"{{{RESPONSE_SCHEMA}}}"
    return [{one.tag.removeprefix(space): one.text for one in found} for found in root.iter(f"{space}Protocol")]


@pytest.mark.parametrize("path", PATHS)
def test_it_names_the_best_server_of_each_protocol(alice, settings, path):
    settings.CORREIO = replace(settings.CORREIO, public_host="mail.crepes.fr", public_ports=PUBLIC)
    found = protocols(ask(question(ALICE), path))
    assert [(one["Type"], one["Server"], one["Port"], one["Encryption"]) for one in found] == [
        ("IMAP", "mail.crepes.fr", "993", "SSL"),
        ("POP3", "mail.crepes.fr", "995", "SSL"),
        ("SMTP", "mail.crepes.fr", "465", "SSL"),
    ]
    assert {(one["LoginName"], one["SSL"], one["SPA"], one["AuthRequired"]) for one in found} == {
        ("alice@crepes.fr", "on", "off", "on")
    }


def test_it_says_starttls_where_there_is_no_other_door(alice, settings):
    ports = {**PUBLIC, "imaps": 0, "pop3": 0, "pop3s": 0}
    settings.CORREIO = replace(settings.CORREIO, public_ports=ports)
    found = protocols(ask(question(ALICE)))
    assert [(one["Type"], one["Port"], one["Encryption"]) for one in found] == [
        ("IMAP", "143", "TLS"),
        ("SMTP", "465", "SSL"),
    ]


def test_it_says_the_same_of_everybody_and_of_nobody(alice):
    nobody = question(f"<EMailAddress>nobody@crepes.fr</EMailAddress>{WANTED}")
    known, unknown = (ElementTree.tostring(ask(body)).decode() for body in (question(ALICE), nobody))
    assert known.replace("alice@", "nobody@") == unknown


def test_what_it_repeats_is_no_markup(alice):
    odd = question(f"<EMailAddress>a&amp;b'c@crepes.fr</EMailAddress>{WANTED}")
    assert protocols(ask(odd))[0]["LoginName"] == "a&b'c@crepes.fr"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "600"),
        (b"<x", "600"),
        (question("<EMailAddress>&a8;</EMailAddress>", start=BILLION), "600"),
        (question("<EMailAddress>alice@crepes.fr</EMailAddress>"), "600"),
        (question(f"<EMailAddress>alice</EMailAddress>{WANTED}"), "600"),
        (question(WANTED), "600"),
        (question(ALICE.replace(RESPONSE_SCHEMA, MOBILE)), "601"),
        (question(f"<EMailAddress>a@elsewhere.example</EMailAddress>{WANTED}"), "500"),
        (question(ALICE + "x" * 1_000_000), "600"),
    ],
    ids=["empty", "cut", "billion laughs", "no schema", "no address", "nobody", "mobile", "unknown domain", "large"],
)
def test_its_errors_are_those_of_the_protocol(alice, body, expected):
    assert code(ask(body)) == expected


def test_it_changes_nothing_and_knows_nobody_by_a_cookie(alice, bob):
    before, browser = site.rows(), signed_in(bob, enforce_csrf_checks=True)
    answer = browser.post(PATHS[0], question(ALICE), content_type="text/xml")
    assert b"alice@crepes.fr" in answer.content
    assert b"bob" not in answer.content
    assert site.rows() == before


def test_it_is_asked_by_post_only(alice):
    assert Client().get(PATHS[0]).status_code == 405
