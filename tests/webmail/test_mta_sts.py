"""The policy that other servers fetch at mta-sts.<domain>."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from mailserver.services import mta_sts

PATH = "/.well-known/mta-sts.txt"


@pytest.fixture
def promised(domains, settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="mx.crepes.fr")
    return lambda mode: mta_sts.change(domain_id=domains["crepes.fr"].pk, mode=mode, reports_to="")


@pytest.mark.parametrize(("mode", "age"), [("testing", 86400), ("enforce", 14 * 86400), ("none", 86400)])
def test_it_is_served_under_its_own_name(promised, mode, age):
    promised(mode)
    answer = Client().get(PATH, headers={"Host": "MTA-STS.crepes.fr:443"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = ["version: STSv1", f"mode: {mode}", "mx: mx.crepes.fr", f"max_age: {age}", ""]
    assert answer.content.decode().split("\r\n") == lines


def test_there_is_none_until_it_is_switched_on(promised):
    assert Client().get(PATH, headers={"Host": "mta-sts.crepes.fr"}).status_code == 404


@pytest.mark.parametrize(
    ("host", "path", "code"),
    [
        ("mta-sts.evil.example", PATH, 400),
        ("autoconfig.crepes.fr", PATH, 400),
        ("crepes.fr", PATH, 400),
        ("mta-sts.crepes.fr", "/", 400),
        ("mta-sts.crepes.fr", "/mail/config-v1.1.xml", 400),
        ("mta-sts.mta-sts.crepes.fr", PATH, 400),
        ("localhost", PATH, 404),
    ],
)
def test_it_is_served_nowhere_else(promised, host, path, code):
    promised("enforce")
    assert Client().get(path, headers={"Host": host}).status_code == code
