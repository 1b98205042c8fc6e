"""Who gets into the dashboard, and what its pages may load."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.webmail.writing import signed_in

PAGES = (
    "/admin/",
    "/admin/queue/",
    "/admin/queue/destinations/",
    "/admin/log/",
    "/admin/refused/",
    "/admin/tls/",
    "/admin/store/domain/",
    "/admin/store/domain/add/",
    "/admin/store/account/",
    "/admin/store/account/add/",
    "/admin/store/address/",
    "/admin/store/address/add/",
    "/admin/store/group/",
    "/admin/store/group/add/",
    "/admin/store/forward/",
    "/admin/store/forward/add/",
    "/admin/store/relay/",
    "/admin/store/relay/add/",
)


@pytest.mark.parametrize("path", PAGES)
def test_it_is_open_to_administrators(office, path):
    assert office.get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/admin/queue/1/", "/admin/alarms/1/", "/admin/store/account/1/change/"])
def test_it_is_closed_to_others(client, alice, path):
    assert client.get(path).status_code == 302
    assert client.get(path, follow=True).redirect_chain[-1][0].startswith("/signin/?next=%2Fadmin%2F")
    assert signed_in(alice).get(path, follow=True).status_code == 403


def test_it_takes_no_act_without_the_token(administrator):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(administrator)
    for path in ("queue/act/", "queue/pause/", "alarms/1/act/"):
        assert browser.post(f"/admin/{path}", {"act": "release"}).status_code == 403


def test_it_takes_no_act_from_others(alice):
    for path in ("queue/act/", "queue/pause/", "alarms/1/act/"):
        answer = signed_in(alice).post(f"/admin/{path}", {"act": "cancel", "recipient": "1"}, follow=True)
        assert answer.status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_it_writes_nothing_a_strict_policy_forbids(office, administrator, path):
    answer = office.get(path)
    page = answer.content.decode()
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style", page)
    assert all("src=" in tag or "importmap" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert "/static/admin/" not in page
