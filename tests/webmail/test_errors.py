"""Pages for what goes wrong."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import Client

from mailserver.errors import CorreioError, OverQuota, Unavailable
from tests.webmail.reading import HTMX, signed_in
from webmail.errors import STATUS
from webmail.views import mailbox


def broken(monkeypatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(mailbox.listing, "of_starred", fail)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OverQuota("There is no room left."), 507, "There is no room left."),
        (Unavailable("The store is away."), 503, "The store is away."),
        (CorreioError("Something odd."), 500, "Something odd."),
        (SuspiciousOperation("x"), 400, "makes no sense"),
    ],
)
def test_it_says_what_happened_in_words(alice, monkeypatch, error, status, words):
    broken(monkeypatch, error)
    response = signed_in(alice).get("/starred/")
    assert response.status_code == status
    assert words in response.content.decode()
    assert "postmark" in response.content.decode()


def test_it_hides_what_broke_but_writes_it_down(alice, monkeypatch, caplog):
    broken(monkeypatch, RuntimeError("secret detail"))
    with caplog.at_level(logging.ERROR):
        response = signed_in(alice, raise_request_exception=False).get("/starred/")
    assert response.status_code == 500
    assert "secret detail" not in response.content.decode()
    assert "Something broke on our side" in response.content.decode()
    assert "secret detail" in caplog.text


def test_it_tells_htmx_by_a_toast_that_leaves_the_page_alone(alice, monkeypatch):
    broken(monkeypatch, OverQuota("There is no room left."))
    response = signed_in(alice).get("/starred/", headers=HTMX)
    assert response.status_code == 507
    assert response.content.decode().startswith('<hx-partial hx-target="#toasts"')


def test_it_has_a_page_for_addresses_that_do_not_exist(db):
    response = Client().get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_it_maps_each_error_once_and_to_an_error():
    assert all(400 <= status < 600 for status in STATUS.values())
