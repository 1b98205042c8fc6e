"""Who gets in: USER and PASS, SASL, what is told to those who do not, and how long they wait."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from mailserver.conf import Limit
from mailserver.servers.pop3.commands import signin
from mailserver.servers.pop3.limits import Limits
from mailserver.services import login, mailboxes, maildrop, throttle
from mailserver.store.models import Account
from tests.support import pop3
from tests.support.dialogue import base64
from tests.support.listeners import in_the_tests_transaction
from tests.support.people import PASSWORD
from tests.support.pop3 import delivered, sign_in
from tests.support.scram import ScramClient

WRONG = r"-ERR \[AUTH\] Address or password is wrong"


def plain(password: str = PASSWORD, address: str = "alice@crepes.fr", identity: str = "") -> str:
    return base64(f"{identity}\0{address}\0{password}")


def bearer(token: str) -> str:
    return base64(f"n,a=alice@crepes.fr,\x01auth=Bearer {token}\x01\x01")


def test_it_takes_user_and_pass_and_tells_what_is_there(connect, reader):
    delivered(reader)
    delivered(reader)
    octets = mailboxes.by_use(reader.pk, "inbox").size
    client = connect()
    client.ask("user Alice@Crepes.fr", r"\+OK Now the password")
    client.ask(f"pass {PASSWORD}", rf"\+OK Your Inbox has 2 messages \({octets} octets\)")
    client.ask("USER alice@crepes.fr", r"-ERR You are signed in already")


@pytest.mark.parametrize("password", [" two  spaces ", "crêpe à la maison", "+OK [AUTH]"])
def test_it_takes_any_password(connect, reader, password):
    reader.set_password(password)
    reader.save(update_fields=["password"])
    sign_in(connect(), reader.address, password)


def test_it_tells_strangers_and_acquaintances_the_same(connect, reader):
    client = connect()
    sign_in(client, "nobody@crepes.fr", expected=WRONG)
    sign_in(client, reader.address, "wrong", expected=WRONG)
    client.ask("STAT", r"-ERR Sign in first")


def test_it_wants_user_before_pass(connect, reader):
    client = connect()
    client.ask(f"PASS {PASSWORD}", r"-ERR USER comes first")
    client.ask("USER", r"-ERR The command has other arguments")
    sign_in(client, reader.address, "wrong", expected=WRONG)
    client.ask(f"PASS {PASSWORD}", r"-ERR USER comes first")


def test_it_takes_no_password_in_clear(connect, reader):
    client = connect(encrypted=False)
    client.ask(f"USER {reader.address}", r"-ERR Start TLS first \(STLS\)")
    client.ask(f"PASS {PASSWORD}", r"-ERR Start TLS first \(STLS\)")
    client.ask(f"AUTH PLAIN {plain()}", r"-ERR Start TLS first \(STLS\)")


def test_it_is_off_until_somebody_wants_it_and_says_so_only_to_them(connect, alice):
    client = connect()
    sign_in(client, alice.address, "wrong", expected=WRONG)
    sign_in(client, alice.address, expected=r"-ERR \[AUTH\] POP3 is switched off for this account")
    client.ask("STAT", r"-ERR Sign in first")
    Account.objects.filter(pk=alice.pk).update(pop3=True)
    sign_in(client, alice.address)


def test_it_lets_no_closed_account_in(connect, reader):
    Account.objects.filter(pk=reader.pk).update(is_active=False)
    sign_in(connect(), reader.address, expected=WRONG)


def test_it_takes_plain_at_once_and_by_question(connect, reader):
    client = connect()
    client.ask(f"AUTH PLAIN {plain()}", r"\+OK Your Inbox .*")
    client.ask("QUIT", r"\+OK .*")
    other = connect()
    other.ask("auth plain", r"\+ ")
    other.ask(plain(), r"\+OK .*")


def test_it_takes_login(connect, reader):
    client = connect()
    client.ask("AUTH LOGIN", r"\+ VXNlcm5hbWU6")
    client.ask(base64(reader.address), r"\+ UGFzc3dvcmQ6")
    client.ask(base64(PASSWORD), r"\+OK .*")


def test_it_takes_a_proof_of_the_password(connect, reader):
    client = connect()
    for password, reply in (("wrong", WRONG), (PASSWORD, r"\+OK Your Inbox has 0 messages .*")):
        way = ScramClient("alice@crepes.fr", password)
        said = client.ask(f"AUTH SCRAM-SHA-256 {way.first()}", r"\+ .+")
        if password == PASSWORD:
            assert way.believes(client.ask(way.final(said[2:]), r"\+ .+")[2:])
            client.ask("", reply)
        else:
            client.ask(way.final(said[2:]), reply)


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_it_takes_a_token_for_maildrops_and_none_for_sending(connect, reader, mechanism):
    def answer(purpose: str) -> str:
        token = login.issue_token(account_id=reader.pk, purpose=purpose)
        old = base64(f"user=alice@crepes.fr\x01auth=Bearer {token}\x01\x01")
        return bearer(token) if mechanism == "OAUTHBEARER" else old

    client = connect()
    said = client.ask(f"AUTH {mechanism} {answer(login.SUBMISSION)}", r"\+ .+")
    assert b64decode(said[2:]) == b'{"status":"invalid_token","scope":"mail"}'
    client.ask("*", WRONG)
    client.ask(f"AUTH {mechanism} {answer(login.MAILDROP)}", r"\+OK .*")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("AUTH", r"-ERR The command has other arguments"),
        ("AUTH PLAIN a b", r"-ERR The command has other arguments"),
        ("AUTH CRAM-MD5", r"-ERR That way of signing in is not offered"),
        ("AUTH PLAIN !!!", r"-ERR The answer is not base64"),
        ("AUTH PLAIN caf\xe9", r"-ERR The answer is not base64"),
        ("AUTH PLAIN =", WRONG),
        (f"AUTH PLAIN {base64('no separators')}", WRONG),
        (f"AUTH PLAIN {plain(identity='bob@hamburger.edu')}", WRONG),
        (f"AUTH PLAIN {base64(chr(0) + 'alice@crepes.fr')}", WRONG),
    ],
)
def test_it_answers_sign_ins_without_form(connect, reader, bob, command, reply):
    client = connect()
    client.ask(command, reply)
    client.ask(f"AUTH PLAIN {plain()}", r"\+OK .*")


def test_it_can_be_cancelled(connect, reader):
    client = connect()
    client.ask("AUTH PLAIN", r"\+ ")
    client.ask("*", r"-ERR Signing in was cancelled")
    client.ask("AUTH PLAIN", r"\+ ")
    client.ask("what?", r"-ERR The answer is not base64")
    client.ask(f"AUTH PLAIN {plain()}", r"\+OK .*")


def test_it_takes_a_long_answer(connect, reader):
    client = connect()
    client.ask("AUTH OAUTHBEARER", r"\+ ")
    client.ask(bearer("x" * 6000), r"\+ .+")
    client.ask("", WRONG)
    client.ask(f"AUTH OAUTHBEARER {'A' * 13000}", r"-ERR The line is too long")


def test_it_hangs_up_after_three_failures(connect, reader):
    client = connect()
    for _ in range(3):
        sign_in(client, reader.address, "wrong", expected=WRONG)
    client.expect_end()


def test_each_failure_costs_more_time(db, tmp_path, reader, monkeypatch):
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(signin, "asyncio", SimpleNamespace(sleep=sleep))
    limits = Limits(failure_delay=2)
    with (
        in_the_tests_transaction(),
        pop3.listening(tmp_path, limits=limits) as ports,
        pop3.greeted(ports.encrypted) as client,
    ):
        for _ in range(3):
            sign_in(client, reader.address, "wrong", expected=WRONG)
    assert waited == [2, 4, 6]


def test_it_makes_people_wait_who_guess(connect, reader, settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=Limit(2, settings.CORREIO.expire_after), redis_url="")
    throttle._own.__init__()
    client = connect()
    for _ in range(2):
        sign_in(client, reader.address, "wrong", expected=WRONG)
    sign_in(client, reader.address, expected=r"-ERR \[SYS/TEMP\] Too many failed sign-ins, try again in 15 minutes")


@pytest.mark.parametrize(("service", "name"), [(login, "authenticate"), (maildrop, "open_for")])
def test_it_says_so_when_the_database_is_away(connect, reader, monkeypatch, service, name):
    def away(**values):
        raise OperationalError("password=galette host=10.0.0.7")

    client = connect()
    with monkeypatch.context() as patch:
        patch.setattr(service, name, away)
        sign_in(client, reader.address, expected=r"-ERR \[SYS/TEMP\] We cannot do this now, try again soon")
    sign_in(client, reader.address)


def test_it_outlives_a_fault_of_ours(connect, reader, monkeypatch, caplog):
    def broken(**values):
        raise RuntimeError("galette")

    client = connect()
    with monkeypatch.context() as patch:
        patch.setattr(maildrop, "open_for", broken)
        sign_in(client, reader.address, expected=r"-ERR \[SYS/PERM\] We cannot do this")
    assert "a command failed" in caplog.text
    sign_in(client, reader.address)
