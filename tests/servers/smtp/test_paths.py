from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.servers.smtp import paths


@pytest.mark.parametrize(
    ("argument", "text", "parameters"),
    [
        ("FROM:<alice@crepes.fr>", "alice@crepes.fr", {}),
        ("from: <alice@crepes.fr> ", "alice@crepes.fr", {}),
        ("FROM:<>", "", {}),
        ("FROM:alice@crepes.fr", "alice@crepes.fr", {}),
        ("FROM:<alice@crepes.fr> SIZE=100 body=8BITMIME", "alice@crepes.fr", {"SIZE": "100", "BODY": "8BITMIME"}),
        ("FROM:<alice@crepes.fr> SMTPUTF8", "alice@crepes.fr", {"SMTPUTF8": None}),
        ('FROM:<"a>b c"@crepes.fr> SIZE=1', '"a>b c"@crepes.fr', {"SIZE": "1"}),
        (r'FROM:<"a\"b"@crepes.fr>', r'"a\"b"@crepes.fr', {}),
        ("FROM:<@one.example,@two.example:alice@crepes.fr>", "alice@crepes.fr", {}),
    ],
)
def test_it_reads_a_path_and_its_parameters(argument, text, parameters):
    path = paths.parse("FROM", argument)
    assert (path.text, path.parameters) == (text, parameters)


@pytest.mark.parametrize(
    "argument", ["", "FROM", "FROM:", "TO:<a@b.example>", "FROM:<a@b.example", "FROM:<<a@b.example>>", "FROM:<a>b"]
)
def test_it_refuses_what_has_no_path(argument):
    with pytest.raises(paths.NoPath):
        paths.parse("FROM", argument)


@pytest.mark.parametrize("rest", ["SIZE=", "=1", "SIZE=1 SIZE=2", "size=1 SIZE=1", "A_B=1", "SIZE=1=2", "X=\x01"])
def test_it_refuses_parameters_without_form(rest):
    with pytest.raises(paths.BadParameter):
        paths.parse("FROM", f"FROM:<alice@crepes.fr> {rest}")


@given(st.text())
def test_it_raises_nothing_else(text):
    with suppress(paths.NoPath, paths.BadParameter):
        paths.parse("FROM", f"FROM:{text}")


def test_it_knows_the_old_ways_of_relaying():
    for text in ("bob%outside.example@hamburger.edu", "outside.example!bob@hamburger.edu", "a@b@c", '"a@b"'):
        assert paths.looks_like_relaying(text)
    assert not paths.looks_like_relaying("bob+news@hamburger.edu")


def test_it_takes_postmaster_without_a_domain():
    assert str(paths.forward_path("PostMaster", "mx.hamburger.edu")) == "postmaster@mx.hamburger.edu"
