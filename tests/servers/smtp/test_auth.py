from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest

from mailserver.conf import Limit
from mailserver.services import login, throttle
from tests.support.dialogue import Dialogue, base64
from tests.support.people import PASSWORD
from tests.support.scram import ScramClient


@pytest.fixture(autouse=True)
def no_throttle(settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=None)


@pytest.fixture
def client(ports, connect, alice) -> Dialogue:
    return connect(ports.submissions, encrypted=True)


def plain(password: str = PASSWORD, address: str = "alice@crepes.fr", identity: str = "") -> str:
    return base64(f"{identity}\0{address}\0{password}")


def bearer(token: str, identity: str = "alice@crepes.fr") -> str:
    return base64(f"n,a={identity},\x01auth=Bearer {token}\x01\x01")


def test_it_takes_plain_at_once_and_by_question(client, connect, ports):
    client.ask(f"AUTH PLAIN {plain()}", r"235 2\.7\.0 .*")
    other = connect(ports.submissions, encrypted=True)
    other.ask("auth plain", r"334 ")
    other.ask(plain(), r"235 .*")


def test_it_takes_login(client, connect, ports):
    client.ask("AUTH LOGIN", r"334 VXNlcm5hbWU6")
    client.ask(base64("alice@crepes.fr"), r"334 UGFzc3dvcmQ6")
    client.ask(base64(PASSWORD), r"235 .*")
    other = connect(ports.submissions, encrypted=True)
    other.ask(f"AUTH LOGIN {base64('ALICE@crepes.fr')}", r"334 UGFzc3dvcmQ6")
    other.ask(base64(PASSWORD), r"235 .*")


def test_it_takes_a_proof_of_the_password(client):
    way = ScramClient("alice@crepes.fr", "wrong")
    client.ask(way.final(client.ask(f"AUTH SCRAM-SHA-256 {way.first()}", r"334 .+")[4:]), r"535 5\.7\.8 .*")
    way = ScramClient("alice@crepes.fr", PASSWORD)
    client.ask("AUTH SCRAM-SHA-256", r"334 ")
    said = client.ask(way.final(client.ask(way.first(), r"334 .+")[4:]), r"334 .+")
    assert way.believes(said[4:])
    client.ask("", r"235 .*")
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")


def test_a_proof_is_throttled_as_a_password_is(client, settings, monkeypatch):
    settings.CORREIO = replace(settings.CORREIO, login_limits=Limit(2, timedelta(minutes=10)), redis_url="")
    monkeypatch.setattr(throttle, "_own", throttle.ProcessCounters())
    for password, reply in (("wrong", r"535 .*"), ("wrong too", r"535 .*"), (PASSWORD, r"454 .*")):
        way = ScramClient("alice@crepes.fr", password)
        client.ask(way.final(client.ask(f"AUTH SCRAM-SHA-256 {way.first()}", r"334 .+")[4:]), reply)


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_it_takes_a_token(client, alice, mechanism):
    token = login.issue_token(account_id=alice.pk)
    message = f"user=alice@crepes.fr\x01auth=Bearer {token}\x01\x01"
    client.ask(f"AUTH {mechanism} {bearer(token) if mechanism == 'OAUTHBEARER' else base64(message)}", r"235 .*")
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")


def test_it_tells_why_a_token_is_refused(client):
    said = client.ask(f"AUTH OAUTHBEARER {bearer('nonsense')}", r"334 .+")
    assert b64decode(said[4:]) == b'{"status":"invalid_token","scope":"mail"}'
    client.ask(base64("\x01"), r"535 5\.7\.8 .*")


def test_it_refuses_a_token_that_belongs_to_another(client, alice, bob):
    token = login.issue_token(account_id=bob.pk)
    client.ask(f"AUTH OAUTHBEARER {bearer(token)}", r"334 .+")
    client.ask("", r"535 .*")


@pytest.mark.parametrize(
    "claim",
    [
        plain("wrong"),
        plain(address="nobody@crepes.fr"),
        plain(address="alice"),
        plain(identity="bob@hamburger.edu"),
        base64("no separators"),
        "=",
    ],
)
def test_it_refuses_with_one_and_the_same_reply(client, bob, claim):
    client.ask(f"AUTH PLAIN {claim}", r"535 5\.7\.8 Address or password is wrong")
    client.ask("MAIL FROM:<alice@crepes.fr>", r"530 .*")


def test_it_can_be_cancelled(client):
    client.ask("AUTH PLAIN", "334 ")
    client.ask("*", r"501 5\.7\.0 .*")
    client.ask(f"AUTH PLAIN {plain()}", r"235 .*")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("AUTH", r"501 5\.5\.4 .*"),
        ("AUTH PLAIN a b", r"501 5\.5\.4 .*"),
        ("AUTH CRAM-MD5", r"504 5\.5\.4 .*"),
        ("AUTH PLAIN !!!", r"501 5\.5\.2 .*"),
        ("AUTH PLAIN caf\xe9", r"501 5\.5\.2 .*"),
    ],
)
def test_it_answers_commands_without_form(client, command, reply):
    client.ask(command, reply)


def test_it_wants_base64_in_answers_too(client):
    client.ask("AUTH PLAIN", "334 ")
    client.ask("what?", r"501 5\.5\.2 .*")


def test_it_signs_in_once_and_not_within_a_message(client):
    client.ask(f"AUTH PLAIN {plain()}", "235 .*")
    client.ask(f"AUTH PLAIN {plain()}", r"503 5\.5\.1 .*")


def test_it_wants_a_greeting_first(ports, alice):
    with Dialogue(ports.submissions, encrypted=True) as client:
        client.expect("220 .*")
        client.ask(f"AUTH PLAIN {plain()}", r"503 5\.5\.1 .*")


def test_the_mx_does_not_offer_it(ports, connect, alice):
    connect(ports.mx).ask(f"AUTH PLAIN {plain()}", r"503 5\.5\.1 .*")


def test_it_takes_a_long_answer(client):
    client.ask(f"AUTH OAUTHBEARER {bearer('x' * 6000)}", r"334 .+")
    client.ask("", r"535 .*")
    client.ask(f"AUTH OAUTHBEARER {'A' * 13000}", r"500 5\.5\.2 .*")


def test_it_hangs_up_after_five_failures(client):
    for _ in range(5):
        client.ask(f"AUTH PLAIN {plain('wrong')}", r"535 .*")
    client.expect(r"421 4\.7\.0 .*")
    client.expect_end()


def test_it_makes_people_wait_who_guess(client, settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=Limit(3, settings.CORREIO.expire_after), redis_url="")
    throttle._own.__init__()
    for _ in range(3):
        client.ask(f"AUTH PLAIN {plain('wrong')}", r"535 .*")
    client.ask(f"AUTH PLAIN {plain()}", r"454 4\.7\.0 .*")


def test_it_takes_a_password_beyond_ascii(client, alice):
    alice.set_password("crêpe à la maison")
    alice.save()
    client.ask(f"AUTH PLAIN {plain('crêpe à la maison')}", "235 .*")
