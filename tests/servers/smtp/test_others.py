from __future__ import annotations

import pytest


def test_vrfy_tells_nothing(hello, bob):
    assert hello.ask("VRFY bob@hamburger.edu", r"252 .*") == hello.ask("VRFY nobody@hamburger.edu", r"252 .*")
    hello.ask("VRFY", r"501 .*")


def test_expn_is_not_offered(hello, bob):
    hello.ask("EXPN staff", r"502 5\.5\.1 .*")


def test_noop_does_nothing(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("NOOP whatever you say", r"250 2\.0\.0 OK")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")


def test_rset_forgets_the_message(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("RSET", r"250 2\.0\.0 OK")
    hello.ask("DATA", r"503 .*")
    hello.ask("RSET now", r"501 .*")


def test_help_helps(hello):
    hello.ask("HELP", r"214 2\.0\.0 .*")
    hello.ask("HELP MAIL", r"214 2\.0\.0 .*")


def test_quit_says_goodbye_and_hangs_up(hello):
    hello.ask("QUIT now", r"501 .*")
    hello.ask("QUIT", r"221 2\.0\.0 .*")
    hello.expect_end()


def test_commands_in_any_case(hello):
    hello.ask("mAiL fRoM:<alice@crepes.fr>", "250 .*")


@pytest.mark.parametrize(
    "line",
    [
        b"FLY HIGH",
        b"<script>alert(1)</script>",
        b"BDAT 86 LAST",
        b"XYZZY\xc2\xa0",
        b"MAILFROM:<a@b.example>",
        b"EHLO\tx",
    ],
)
def test_it_never_repeats_an_unknown_command(hello, line):
    hello.push(line + b"\r\n")
    said = hello.expect(r"500 5\.5\.[12] .*")
    assert said in ("500 5.5.1 Unknown command", "500 5.5.2 The command cannot be read")


@pytest.mark.parametrize("line", [b"", b" ", b"\0", b"NOOP \0", b"\xff\xfe", b"NO\rOP"])
def test_it_answers_what_is_no_command(hello, line):
    hello.push(line + b"\r\n")
    hello.expect(r"500 5\.5\.2 .*")
    hello.ask("NOOP", "250 .*")


def test_it_takes_lines_of_2048_octets(hello):
    hello.ask("NOOP " + "x" * 2043, "250 .*")
    hello.ask("NOOP " + "x" * 2044, r"500 5\.5\.2 .*")
    hello.ask("NOOP " + "x" * 20000, r"500 5\.5\.2 .*")
    hello.ask("NOOP", "250 .*")
