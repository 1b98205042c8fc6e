"""Strangers are put off once; our own people and reports about what we passed on are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailserver.services import rewriting
from tests.support.dialogue import base64
from tests.support.people import PASSWORD


@pytest.fixture
def greylist(settings):
    def change(delay: timedelta | None) -> None:
        settings.CORREIO = replace(settings.CORREIO, greylist=delay)

    change(timedelta(minutes=5))
    return change


def test_a_stranger_comes_twice(hello, bob, greylist):
    hello.ask("MAIL FROM:<ana@mill.pt>", "250 .*")
    for _ in range(2):
        hello.ask("RCPT TO:<bob@hamburger.edu>", r"451 4\.7\.1 We do not know you yet, try again in a few minutes")
    # The same key after the delay.
    greylist(timedelta())
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"250 2\.1\.5 .*")


def test_it_is_off_unless_wanted(hello, bob):
    hello.ask("MAIL FROM:<ana@mill.pt>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")


def test_nobody_is_refused_at_once(hello, bob, greylist):
    hello.ask("MAIL FROM:<ana@mill.pt>", "250 .*")
    hello.ask("RCPT TO:<nobody@hamburger.edu>", r"550 5\.1\.1 .*")
    hello.ask("RCPT TO:<x@mill.pt>", r"554 5\.7\.1 .*")


def test_a_report_about_what_we_passed_on_is_expected(hello, bob, greylist):
    hello.ask("MAIL FROM:<>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"451 4\.7\.1 .*")
    hello.ask(f"RCPT TO:<{rewriting.sender_for('ana@mill.pt', 'hamburger.edu')}>", "250 .*")


def test_our_own_people_are_known(connect, ports, bob, greylist):
    program = connect(ports.submissions, encrypted=True)
    program.ask(f"AUTH PLAIN {base64(chr(0) + 'bob@hamburger.edu' + chr(0) + PASSWORD)}", "235 .*")
    program.ask("MAIL FROM:<bob@hamburger.edu>", "250 .*")
    program.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
