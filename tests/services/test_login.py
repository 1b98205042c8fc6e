from __future__ import annotations

import re
from dataclasses import replace

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher

from mailserver.errors import AuthenticationFailed
from mailserver.services import login
from mailserver.services.accounts import set_password
from mailserver.services.login import Login
from mailserver.store.models import Account
from tests.support.people import PASSWORD

PEER = "192.0.2.1"


@pytest.fixture(autouse=True)
def no_throttle(settings):
    """Its counters outlive a test; tests/services/test_throttle.py has them."""
    settings.CORREIO = replace(settings.CORREIO, login_limits=None)


def sign_in(address: str = "alice@crepes.fr", password: str = PASSWORD, identity: str = "") -> Login:
    return login.authenticate(address=address, password=password, peer=PEER, identity=identity)


@pytest.mark.parametrize("address", ["alice@crepes.fr", "ALICE@Crepes.FR"])
def test_it_signs_alice_in(alice, address):
    assert sign_in(address) == Login(alice.pk, "alice@crepes.fr", stamp=alice.get_session_auth_hash())


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("alice@crepes.fr", "wrong"),
        ("alice@crepes.fr", ""),
        ("nobody@crepes.fr", PASSWORD),
        ("alice", PASSWORD),
        ("", PASSWORD),
        ("alice@crepes.fr' OR 1=1 --", PASSWORD),
    ],
)
def test_it_refuses(alice, address, password):
    with pytest.raises(AuthenticationFailed, match=r"^Address or password is wrong\.$"):
        sign_in(address, password)


def test_it_refuses_an_account_that_was_closed(alice):
    alice.is_active = False
    alice.save()
    with pytest.raises(AuthenticationFailed):
        sign_in()
    with pytest.raises(AuthenticationFailed):
        login.redeem(token=login.issue_token(account_id=alice.pk))


@pytest.mark.parametrize("address", ["alice@crepes.fr", "nobody@crepes.fr", "no address"])
def test_it_hashes_once_whoever_it_is(alice, monkeypatch, address):
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: hashed.append(1) or encode(*args))
    with pytest.raises(AuthenticationFailed):
        sign_in(address, "wrong")
    assert len(hashed) == 1


def test_it_lets_nobody_act_as_another(alice, bob):
    assert sign_in(identity="Alice@crepes.fr").account_id == alice.pk
    for identity in ("bob@hamburger.edu", "nobody@crepes.fr", "nonsense"):
        with pytest.raises(AuthenticationFailed):
            sign_in(identity=identity)


def test_a_token_says_who_and_which_draft(alice):
    token = login.issue_token(account_id=alice.pk, draft=(7, 12))
    found = login.redeem(token=token, identity="alice@crepes.fr")
    assert (found.account_id, found.address, found.draft) == (alice.pk, "alice@crepes.fr", (7, 12))
    assert found.composed_at == login.check_token(token).issued_at
    assert login.check_token(token).draft == (7, 12)


def test_a_token_uses_only_letters_a_bearer_token_may_have(alice):
    assert re.fullmatch(r"[A-Za-z0-9._~+/=-]+", login.issue_token(account_id=alice.pk, draft=(1, 2)))


def test_a_token_ends(alice):
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        token = login.issue_token(account_id=alice.pk, seconds=60)
        clock.shift(60)
        login.redeem(token=token)
        clock.shift(1)
        with pytest.raises(AuthenticationFailed):
            login.redeem(token=token)


@pytest.mark.parametrize("token", ["", "x", "a.b", "é"])
def test_it_refuses_what_is_no_token(alice, token):
    with pytest.raises(AuthenticationFailed):
        login.redeem(token=token)


def test_it_refuses_a_token_that_was_changed_or_is_for_something_else(alice, bob, settings):
    token = login.issue_token(account_id=alice.pk)
    with pytest.raises(AuthenticationFailed):
        login.redeem(token=("A" if token[0] != "A" else "B") + token[1:])
    with pytest.raises(AuthenticationFailed):
        login.redeem(token=login.issue_token(account_id=alice.pk, purpose="reset"))
    with pytest.raises(AuthenticationFailed):
        login.redeem(token=token, identity="bob@hamburger.edu")
    settings.SECRET_KEY = "another key"
    with pytest.raises(AuthenticationFailed):
        login.redeem(token=token)


def test_it_is_current_until_the_password_changes(alice):
    found = sign_in("alice@crepes.fr")
    assert login.is_current(found)
    set_password(account_id=alice.pk, password="galettes and cider")
    assert not login.is_current(found)
    with pytest.raises(AuthenticationFailed):
        sign_in("alice@crepes.fr")


def test_it_is_not_current_for_an_account_that_is_switched_off(alice):
    found = sign_in("alice@crepes.fr")
    alice.is_active = False
    alice.save()
    assert not login.is_current(found)


def test_a_right_password_is_hashed_once(alice, monkeypatch):
    sign_in("alice@crepes.fr")
    monkeypatch.setattr(Account, "check_password", lambda *_: pytest.fail("hashed again"))
    sign_in("alice@crepes.fr")
