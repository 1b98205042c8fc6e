"""What others report about TLS with us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailserver.services import tls_reports_received
from mailserver.services.own_letters import send
from mailserver.store.models import TlsReportReceived
from tests.support.mail import message
from tests.webmail.reading import only, page, signed_in, texts

URL = "/admin/tls/"


def put(day: date = date(2026, 11, 27), **values) -> None:
    given = {"domain": "crepes.fr", "organization": "Example", "successes": 1097, "failures": 4, "details": []}
    row = TlsReportReceived(day=day, submitter="example.org", place=0, policy_type="sts", **{**given, **values})
    row.report_id = f"{day} {row.domain} {row.organization}"
    row.save()


def detail(kind: str, sessions: int, **values) -> dict:
    return {"type": kind, "sessions": sessions, "mx": "", "ip": "", "from": "", "reason": "", **values}


def test_it_lists_days_domains_and_ways_of_failing(office):
    put(details=[detail("certificate-expired", 3, mx="mx.crepes.fr", reason="<b>old</b>"), detail("made-up", 1)])
    put(organization="Other", failures=0)
    put(domain="hamburger.edu", failures=0)
    tree = page(office.get(URL))
    assert texts(tree, "tbody td b") == ["crepes.fr", "hamburger.edu"]
    assert texts(tree, "tbody .bad")[:2] == ["Our certificate had expired", "made-up"]
    assert texts(tree, "[data-label=Encrypted]") == ["2,194", "1,097"]
    assert texts(tree, "[data-label=Failed]") == ["4", "0"]
    assert "from Example, Other" in tree.body.text()
    assert "“<b>old</b>”" in texts(tree, "details p")[0]


def test_it_goes_on_with_earlier_days(office, monkeypatch):
    monkeypatch.setattr(tls_reports_received, "PAGE_DAYS", 1)
    for day in (25, 26, 27):
        put(date(2026, 11, day))
    seen = []
    url = URL
    for _ in range(3):
        tree = page(office.get(url))
        seen += texts(tree, "tbody td:first-child")
        links = tree.css(".tools-line a.btn")
        url = URL + (links[0].attributes["href"] or "") if links else ""
    assert (seen, url) == (["27 Nov 2026", "26 Nov 2026", "25 Nov 2026"], "")


def test_it_says_how_reports_begin(office):
    assert "No report has come yet" in only(page(office.get(URL)), "p.tools-line").text()
    assert page(office.get("/admin/")).css(f"nav.side a[href='{URL}']")


@pytest.mark.parametrize("before", ["x", "2026-13-01", "2026-11-27' --"])
def test_it_knows_no_other_days(office, before):
    assert office.get(URL, {"before": before}).status_code == 404


def test_it_is_closed_to_others(alice):
    assert signed_in(alice).get(URL, follow=True).status_code == 403


def test_a_report_that_we_send_has_its_page_in_the_queue(office, settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="mx.crepes.fr")
    raw = message(sender="postmaster@mx.crepes.fr", to="tls@example.org")
    entry = send(raw, "tls@example.org", at=datetime.now(UTC))
    tree = page(office.get(f"/admin/queue/{entry.pk}/"))
    assert "the mail system" in texts(tree, "dl.figures dd")
