"""Names of the domains that mail programs ask at, and what must stay behind them."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.mail.test_autodiscover import ALICE, question
from webmail import program_hosts

CONFIG, WELL_KNOWN, DISCOVER, _ = program_hosts.PATHS


def test_it_has_the_paths_of_the_site():
    from tests.webmail import site

    assert {f"/{site.pattern(name).pattern}" for name in site.PROGRAMS} == set(program_hosts.PATHS)


@pytest.mark.parametrize("host", ["autoconfig.crepes.fr", "Autoconfig.Crepes.FR:443", "crepes.fr"])
def test_it_answers_under_names_of_a_hosted_domain(domains, host):
    for path in (CONFIG, WELL_KNOWN):
        assert Client().get(path, {"emailaddress": "x@crepes.fr"}, headers={"Host": host}).status_code == 200
        alone = Client().get(path, headers={"Host": host})
        assert b'<emailProvider id="crepes.fr">' in alone.content
    outlook = host.lower().replace("autoconfig", "autodiscover")
    answer = Client().post(DISCOVER, question(ALICE), content_type="text/xml", headers={"Host": outlook})
    assert b"<LoginName>alice@crepes.fr</LoginName>" in answer.content


def test_it_takes_any_port_and_origin_of_programs_without_trusting_them(domains):
    headers = {"Host": "autodiscover.crepes.fr", "Origin": "https://evil.example", "Referer": "https://evil.example/"}
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(DISCOVER, question(ALICE), content_type="text/xml", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("autoconfig.evil.example", "evil.example", "autoconfig.autoconfig.crepes.fr", "mail.crepes.fr"),
        *("autoconfig.", "autoconfig", "", "a b", "crepes.fr@evil.example", "autoconfig.crepes.fr/evil", "[::1"),
        *("evil.example:x:autoconfig.crepes.fr", "crepes.fr.evil.example", "\x00", "x" * 5000),
    ],
    ids=str,
)
def test_it_answers_under_no_other_name(domains, host):
    for path in program_hosts.PATHS:
        answer = Client().get(path, {"emailaddress": "x@crepes.fr"}, HTTP_HOST=host)
        assert answer.status_code == 400, path


@pytest.mark.parametrize("path", ["/", "/signin/", "/healthz", "/nowhere", "/account/programs/", "/mail/1/", "/admin/"])
def test_it_shows_nothing_else_under_those_names(domains, path):
    for host in ("autoconfig.crepes.fr", "autodiscover.crepes.fr", "crepes.fr"):
        assert Client().get(path, headers={"Host": host}).status_code == 400
        assert Client().post(path, headers={"Host": host}).status_code == 400


def test_the_request_goes_on_under_a_name_of_ours(domains, rf, settings):
    seen = []
    middleware = program_hosts.ProgramHostsMiddleware(lambda request: seen.append(request.get_host()))
    settings.ALLOWED_HOSTS = ["webmail.crepes.fr", "localhost"]
    middleware(rf.get(CONFIG, headers={"Host": "autoconfig.crepes.fr"}))
    settings.ALLOWED_HOSTS = [".crepes.fr"]
    middleware(rf.get(CONFIG, headers={"Host": "autoconfig.hamburger.edu"}))
    settings.ALLOWED_HOSTS = ["*"]
    middleware(rf.get(CONFIG, headers={"Host": "autoconfig.crepes.fr"}))
    assert seen == ["webmail.crepes.fr", "crepes.fr", "autoconfig.crepes.fr"]


def test_no_header_can_pretend_to_have_been_asked(domains):
    assert Client().get(CONFIG, headers={"correio.asked_host": "crepes.fr"}).status_code == 404
