from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from mailserver.errors import AuthenticationFailed
from mailserver.mail.scram import First, Proof, Salt
from mailserver.services import accounts, login, scram, secrets
from mailserver.store.models import ScramVerifier
from tests.support.people import PASSWORD
from tests.support.scram import ScramClient
from webmail.settings import SCRAM_ITERATIONS

PEER = "192.0.2.1"


@pytest.fixture(autouse=True)
def no_throttle(settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=None)
    login._verified.forget()


def proof_of(address: str, password: str, salt: Salt) -> Proof:
    client = ScramClient(address, password)
    first = First.read(_text(client.first()))
    reply = first.reply(salt, "half")
    return first.proof(reply, _text(client.final(b64encode(reply.encode()))))


def _text(encoded: str) -> str:
    return b64decode(encoded).decode()


def prove(address: str, password: str = PASSWORD, identity: str = ""):
    proof = proof_of(address, password, login.salt(address=address))
    return login.authenticate_by_proof(address=address, proof=proof, peer=PEER, identity=identity)


def test_it_lets_in_who_can_prove_the_password(alice):
    found, answer = prove("ALICE@Crepes.fr")
    assert (found.account_id, found.stamp) == (alice.pk, alice.get_session_auth_hash())
    assert answer.startswith(b"v=")
    assert login.is_current(found)
    assert PASSWORD not in str(ScramVerifier.objects.get().secret)


@pytest.mark.parametrize(("address", "password"), [("alice@crepes.fr", "wrong"), ("nobody@crepes.fr", PASSWORD)])
def test_it_refuses(alice, address, password):
    with pytest.raises(AuthenticationFailed, match=r"^Address or password is wrong\.$"):
        prove(address, password)


def test_it_refuses_closed_accounts_and_acting_as_others(alice, bob):
    assert prove("alice@crepes.fr", identity="alice@crepes.fr")[0].account_id == alice.pk
    with pytest.raises(AuthenticationFailed):
        prove("alice@crepes.fr", identity="bob@hamburger.edu")
    alice.is_active = False
    alice.save()
    with pytest.raises(AuthenticationFailed):
        prove("alice@crepes.fr")


def test_the_salt_of_nobody_is_always_the_same_and_another_for_each(alice):
    salts = [login.salt(address=name) for name in ("nobody@crepes.fr", "NOBODY@crepes.fr", "no.one@crepes.fr")]
    assert salts[0] == salts[1] != salts[2]
    assert len(salts[0].octets) == len(login.salt(address="alice@crepes.fr").octets)
    assert salts[0].iterations == login.salt(address="alice@crepes.fr").iterations
    # An account without a verifier is nobody yet.
    ScramVerifier.objects.all().delete()
    assert login.salt(address="alice@crepes.fr") == login.salt(address="Alice@crepes.fr")


def test_a_new_password_has_a_new_verifier(alice):
    accounts.set_password(account_id=alice.pk, password="galettes and cider")
    prove("alice@crepes.fr", "galettes and cider")
    with pytest.raises(AuthenticationFailed):
        prove("alice@crepes.fr")


def test_it_does_not_count_for_another_password_and_comes_by_itself(alice):
    """However the password was changed."""
    alice.set_password("galettes and cider")
    alice.save()
    for password in (PASSWORD, "galettes and cider"):
        with pytest.raises(AuthenticationFailed):
            prove("alice@crepes.fr", password)
    login.authenticate(address="alice@crepes.fr", password="galettes and cider", peer=PEER)
    prove("alice@crepes.fr", "galettes and cider")


def test_a_right_password_makes_none_for_one_that_was_changed_meanwhile(alice):
    stale = type(alice).objects.get(pk=alice.pk)
    accounts.set_password(account_id=alice.pk, password="galettes and cider")
    scram.keep(stale, PASSWORD)
    prove("alice@crepes.fr", "galettes and cider")


def test_it_is_encrypted_and_goes_with_its_key(alice, settings):
    config = settings.CORREIO
    new = secrets.Fernet.generate_key().decode()
    settings.CORREIO = replace(config, encryption_keys=(new, *config.encryption_keys))
    assert secrets.rotate()[1] == 0
    settings.CORREIO = replace(config, encryption_keys=(new,))
    scram._anything.cache_clear()
    prove("alice@crepes.fr")
    settings.CORREIO = config
    scram._anything.cache_clear()
    with pytest.raises(AuthenticationFailed):
        prove("alice@crepes.fr")


def test_one_of_another_count_tells_nothing_and_is_made_anew(alice, settings):
    """Else the count would tell that the account is here."""
    settings.SCRAM_ITERATIONS = 5000
    assert login.salt(address="alice@crepes.fr").iterations == login.salt(address="nobody@crepes.fr").iterations == 5000
    with pytest.raises(AuthenticationFailed):
        prove("alice@crepes.fr")
    login.authenticate(address="alice@crepes.fr", password=PASSWORD, peer=PEER)
    prove("alice@crepes.fr")


def test_cyrus_sasl_takes_the_count():
    """MAX_ITERATION_COUNTER of its plugins/scram.c; RFC 7677 §4 has the least."""
    assert 4096 <= SCRAM_ITERATIONS <= 0x10000
