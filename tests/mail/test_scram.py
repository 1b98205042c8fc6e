from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.scram import First, Salt, ScramError, Verifier

# RFC 7677 §3
FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
HALF = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
REPLY = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
FINAL = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
ANSWER = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
SALT = Salt(b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)


def test_it_agrees_with_the_example_of_the_standard():
    first = First.read(FIRST)
    assert (first.address, first.identity) == ("user", "")
    assert first.reply(SALT, HALF) == REPLY
    proof = first.proof(REPLY, FINAL)
    verifier = Verifier.read(str(Verifier.of("pencil", SALT)))
    assert verifier == Verifier.of("pencil", SALT)
    assert verifier.accepts(proof)
    assert verifier.answer(proof) == ANSWER
    assert not Verifier.of("pencils", SALT).accepts(proof)


def test_it_reads_names():
    first = First.read("y,a=al=2Cice@crepes.fr,n=b=3Db@crepes.fr,r=x,ext=1")
    assert (first.address, first.identity) == ("b=b@crepes.fr", "al,ice@crepes.fr")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n,,n=,r=x",
        "n,,n=user",
        "n,,n=user,r=",
        "n,,r=x,n=user",
        "n,,m=later,n=user,r=x",
        "p=tls-unique,,n=user,r=x",
        "z,,n=user,r=x",
        "n,a=,n=user,r=x",
        "n,,n=us=er,r=x",
        "n,,n=us\0er,r=x",
        "n,,n=user,r=\u00e9",
        f"n,,n=user,r={'x' * 257}",
    ],
)
def test_it_refuses_other_beginnings(text):
    with pytest.raises(ScramError):
        First.read(text)


@pytest.mark.parametrize(
    "final",
    [
        "",
        FINAL.replace("c=biws", "c=eSws"),
        FINAL.replace("rOpr", "rOpx"),
        FINAL.replace("k0,", ","),
        FINAL.partition(",p=")[0],
        FINAL.replace("AndVQ=", "AndVQ"),
    ],
)
def test_it_refuses_other_ends(final):
    with pytest.raises(ScramError):
        First.read(FIRST).proof(REPLY, final)


def test_a_proof_of_another_length_proves_nothing():
    short = FINAL.partition(",p=")[0] + ",p=" + b64encode(b"x").decode()
    assert not Verifier.of("pencil", SALT).accepts(First.read(FIRST).proof(REPLY, short))


@given(st.text(), st.text(alphabet="ncrp=,ABx+/ "))
def test_nothing_else_is_raised(first, final):
    with suppress(ScramError):
        First.read(first)
    with suppress(ScramError):
        First.read(FIRST).proof(REPLY, final)
