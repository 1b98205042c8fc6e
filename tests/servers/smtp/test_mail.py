from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "argument",
    [
        "FROM:<alice@crepes.fr>",
        "from:<alice@crepes.fr>",
        "FROM: <alice@crepes.fr>",
        "FROM:alice@crepes.fr",
        "FROM:<>",
        "FROM:<alice@crepes.fr> SIZE=1000 BODY=8BITMIME",
        "FROM:<alice@crepes.fr> body=7bit",
        'FROM:<"a b"@crepes.fr>',
        "FROM:<@relay.example:alice@crepes.fr>",
        "FROM:<alice@[192.0.2.1]>",
    ],
)
def test_it_takes_a_sender(hello, argument):
    hello.ask(f"MAIL {argument}", r"250 2\.1\.0 Sender OK")


@pytest.mark.parametrize(
    "argument",
    [
        "FROM:<alice>",
        "FROM:<@crepes.fr>",
        "FROM:<alice@>",
        "FROM:<alice @crepes.fr>",
        "FROM:<alice@crepes..fr>",
        f"FROM:<alice@{'a' * 300}.fr>",
        f"FROM:<{'a' * 65}@crepes.fr>",
        "FROM:<alice@crepes.fr",
        "FROM:<a@b@crepes.fr>",
        "FROM:<alice@[300.0.0.1]>",
    ],
)
def test_it_refuses_what_is_no_address(hello, argument):
    hello.ask(f"MAIL {argument}", r"501 5\.1\.7 .*")


@pytest.mark.parametrize("argument", ["", "alice@crepes.fr", "TO:<alice@crepes.fr>"])
def test_it_tells_the_form_of_the_command(hello, argument):
    hello.ask(f"MAIL {argument}".strip(), r"501 5\.5\.4 Syntax: MAIL FROM:<address>")


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        ("SIZE=abc", r"501 5\.5\.4 .*"),
        ("SIZE", r"501 5\.5\.4 .*"),
        ("SIZE=-1", r"501 5\.5\.4 .*"),
        ("SIZE=" + "9" * 21, r"501 5\.5\.4 .*"),
        ("SIZE=99999999999", r"552 5\.3\.4 .*"),
        ("BODY=BINARYMIME", r"501 5\.5\.4 .*"),
        ("SMTPUTF8=yes", r"501 5\.5\.4 .*"),
        ("SIZE=1 SIZE=2", r"501 5\.5\.4 .*"),
        ("FLY=high", r"555 5\.5\.4 .*"),
    ],
)
def test_it_refuses_parameters(hello, parameters, reply):
    hello.ask(f"MAIL FROM:<alice@crepes.fr> {parameters}", reply)
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")


def test_it_knows_no_parameters_after_helo(mx):
    mx.ask("HELO crepes.fr", r"250 .*")
    mx.ask("MAIL FROM:<alice@crepes.fr> SIZE=10", r"555 .*")


def test_it_refuses_a_message_within_a_message(hello):
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
    hello.ask("MAIL FROM:<charlie@outside.example>", r"503 5\.5\.1 .*")
    hello.ask("RSET", r"250 .*")
    hello.ask("MAIL FROM:<charlie@outside.example>", r"250 .*")
