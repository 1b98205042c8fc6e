"""The page of what was turned away."""

from __future__ import annotations

from django.utils import timezone

from mailserver.services import refusals
from mailserver.services.refusals import Refusal


def refused(recipient: str, **more: str) -> Refusal:
    given = {"door": "mx", "peer": "192.0.2.1", "helo": "mx.example.org", "tls": "", "login": "", "sender": "x@y.org"}
    return Refusal(at=timezone.now(), recipient=recipient, reply="550 5.1.1 No such user here", **{**given, **more})


def test_it_shows_who_was_told_what(office):
    refusals.record(
        [refused("bobb@hamburger.edu"), refused("<b>@x", sender="", login="alice@crepes.fr", tls="TLSv1.3")]
    )
    text = office.get("/admin/refused/").content.decode()
    for words in ("bobb@hamburger.edu", "from x@y.org", "550 5.1.1 No such user here", "192.0.2.1", "in clear"):
        assert words in text
    assert "&lt;b&gt;@x" in text
    assert "from &lt;&gt;" in text
    assert "signed in as alice@crepes.fr, encrypted" in text


def test_it_finds_by_address_and_says_when_there_is_none(office):
    assert "Nothing was turned away." in office.get("/admin/refused/").content.decode()
    refusals.record([refused("bobb@hamburger.edu")])
    assert "bobb@" in office.get("/admin/refused/", {"q": "bobb"}).content.decode()
    assert "Nothing here matches" in office.get("/admin/refused/", {"q": "zoe"}).content.decode()
    assert office.get("/admin/refused/", {"from": "-1"}).status_code == 404


def test_it_shows_a_page_at_a_time(office, django_assert_max_num_queries):
    refusals.record([refused(f"guess{number}@x.example") for number in range(refusals.PAGE + 1)])
    with django_assert_max_num_queries(8):
        text = office.get("/admin/refused/").content.decode()
    assert text.count("@x.example") == refusals.PAGE
    assert f"from={refusals.PAGE}" in text
