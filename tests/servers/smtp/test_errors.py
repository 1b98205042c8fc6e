from __future__ import annotations

import logging

import pytest
from django.db import OperationalError

from mailserver import errors
from mailserver.mail import replies
from mailserver.servers.smtp import errors as table
from mailserver.services import inbound, routing

SECRET = "password=galette host=10.0.0.7"


def test_it_has_a_reply_for_every_error_that_can_reach_it():
    inner = {errors.CorreioError, errors.ConfigurationError, errors.AlreadyExists, errors.SearchTooSlow}
    inner |= {errors.SpecialUseTaken, errors.HasChildren, errors.TooManyKeywords}
    inner.add(errors.MaildropInUse)
    inner |= {errors.SecretUnreadable, errors.TooLate}
    known = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CorreioError)}
    assert known - inner == set(table.TABLE)


def test_it_knows_more_special_errors_by_their_kind():
    class Odd(errors.OverQuota):
        pass

    assert table.reply_to(Odd("x")) is replies.MAILBOX_FULL


@pytest.mark.parametrize(
    "error", [OperationalError(SECRET), RuntimeError(SECRET), OSError(SECRET), TimeoutError(SECRET)]
)
def test_it_says_451_and_nothing_else_when_the_store_is_away(hello, bob, monkeypatch, caplog, error):
    def broken(*args, **values):
        raise error

    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    with monkeypatch.context() as patch:
        patch.setattr(routing, "resolve", broken)
        hello.ask("RCPT TO:<bob@hamburger.edu>", r"451 4\.3\.0 We cannot do this now, try again soon")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    monkeypatch.setattr(inbound, "deliver_all", broken)
    hello.send("Subject: x", "", "Hi", ".")
    with caplog.at_level(logging.ERROR):
        hello.expect(r"451 4\.3\.0 We cannot do this now, try again soon")
    hello.ask("NOOP", "250 .*")
