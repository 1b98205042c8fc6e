from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.servers.sasl import MECHANISMS, PasswordClaim, SaslError, TokenClaim


def exchange(name: str, *answers: bytes):
    """The claim of a mechanism after these answers of the client."""
    steps = MECHANISMS[name].start()
    next(steps)
    try:
        for answer in answers:
            steps.send(answer)
    except StopIteration as end:
        return end.value
    raise AssertionError("the mechanism asks for more")


def test_it_reads_plain():
    assert exchange("PLAIN", b"\0alice@crepes.fr\0cider") == PasswordClaim("alice@crepes.fr", "cider")
    assert exchange("PLAIN", b"a@crepes.fr\0alice@crepes.fr\0cider").identity == "a@crepes.fr"


def test_it_asks_for_name_and_password_in_login():
    steps = MECHANISMS["LOGIN"].start()
    assert next(steps) == b"Username:"
    assert steps.send(b"alice@crepes.fr") == b"Password:"
    assert exchange("LOGIN", b"alice@crepes.fr", "crêpe".encode()) == PasswordClaim("alice@crepes.fr", "crêpe")


def test_it_reads_oauthbearer():
    message = b"n,a=alice=2Cx@crepes.fr,\x01host=mx.crepes.fr\x01port=587\x01auth=Bearer abc.def\x01\x01"
    assert exchange("OAUTHBEARER", message) == TokenClaim("abc.def", "alice,x@crepes.fr")
    assert exchange("OAUTHBEARER", b"n,,\x01auth=bearer t\x01\x01") == TokenClaim("t", "")


def test_it_reads_xoauth2():
    assert exchange("XOAUTH2", b"user=alice@crepes.fr\x01auth=Bearer t\x01\x01") == TokenClaim("t", "alice@crepes.fr")


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("PLAIN", [b""]),
        ("PLAIN", [b"alice@crepes.fr"]),
        ("PLAIN", [b"\0alice@crepes.fr"]),
        ("PLAIN", [b"\0\0cider"]),
        ("PLAIN", [b"\0alice@crepes.fr\0"]),
        ("PLAIN", [b"\0alice@crepes.fr\0ci\0der"]),
        ("PLAIN", [b"\0alice@crepes.fr\0\xff"]),
        ("LOGIN", [b"", b"cider"]),
        ("LOGIN", [b"alice@crepes.fr", b""]),
        ("LOGIN", [b"alice\0@crepes.fr", b"cider"]),
        ("OAUTHBEARER", [b""]),
        ("OAUTHBEARER", [b"n,,\x01auth=Bearer t"]),
        ("OAUTHBEARER", [b"n,,\x01auth=Basic t\x01\x01"]),
        ("OAUTHBEARER", [b"p=tls-unique,,\x01auth=Bearer t\x01\x01"]),
        ("XOAUTH2", [b"auth=Bearer t\x01\x01"]),
        ("XOAUTH2", [b"user=alice\x01auth=Bearer \x01\x01"]),
    ],
)
def test_it_refuses_answers_of_another_form(name, answers):
    with pytest.raises(SaslError):
        exchange(name, *answers)


@pytest.mark.parametrize("name", MECHANISMS)
@given(first=st.binary(), second=st.binary())
def test_it_never_fails_otherwise(name, first, second):
    steps = MECHANISMS[name].start()
    next(steps)
    with suppress(SaslError, StopIteration):
        steps.send(first)
        steps.send(second)


def test_it_keeps_secrets_out_of_logs():
    assert "cider" not in repr(PasswordClaim("alice@crepes.fr", "cider"))
    assert "abc" not in repr(TokenClaim("abc"))
