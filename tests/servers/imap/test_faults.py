"""What goes wrong inside is told, and the session goes on."""

from __future__ import annotations

import logging

import pytest

from mailserver.errors import StoreFull, Unavailable
from mailserver.services import flags, folders, imapappend, messages, selection
from tests.support.mail import message as letter


def failing(error: Exception):
    def fail(*arguments, **values):
        raise error

    fail.__name__ = "fail"
    return fail


def test_a_mistake_of_ours_is_no_end(bob_in, monkeypatch, caplog):
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, logger="mailserver"):
        patch.setattr(folders, "listing", failing(KeyError("secret")))
        bob_in.refused('LIST "" *', rb"NO \[SERVERBUG\] This went wrong here\. It has been noted\.")
    assert "secret" in caplog.text
    assert bob_in.ok('LIST "" INBOX') != []


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (Unavailable("no"), rb"NO \[UNAVAILABLE\] The mailboxes are away for the moment\. Try again\."),
        (StoreFull("no"), rb"NO \[UNAVAILABLE\] There is no room on the server for the moment\."),
    ],
)
def test_a_database_that_is_away(bob_in, monkeypatch, error, answer):
    bob_in.ok("SELECT INBOX")
    with monkeypatch.context() as patch:
        patch.setattr(folders, "by_path", failing(error))
        patch.setattr(imapappend, "append", failing(error))
        raw = letter()
        bob_in.refused(b"APPEND INBOX {%d+}\r\n%b" % (len(raw), raw), answer)
        bob_in.refused("UID COPY 1 Sent", answer)
    bob_in.append("INBOX", letter())


def test_sign_in_without_a_database(connect, bob, monkeypatch):
    from mailserver.services import login
    from tests.support.people import PASSWORD

    client = connect()
    with monkeypatch.context() as patch:
        patch.setattr(login, "authenticate", failing(Unavailable("no")))
        client.refused(f'LOGIN {bob.address} "{PASSWORD}"', rb"NO \[UNAVAILABLE\] .*")
    client.log_in(bob.address, PASSWORD)


def test_what_was_done_is_not_refused_when_the_sync_behind_it_fails(bob_in, watcher, monkeypatch):
    """A client that is told NO would append a second time."""
    bob_in.ok("SELECT INBOX")
    # What another did before is not known here, so it is looked for.
    watcher().append("INBOX", letter())
    with monkeypatch.context() as patch:
        patch.setattr(selection, "changes", failing(Unavailable("no")))
        assert bob_in.append("INBOX", letter()) == []
    assert bob_in.ok("NOOP")[0] == b"2 EXISTS"


def test_a_session_outlives_a_check_that_fails(bob_in, monkeypatch, ports, bob):
    from mailserver.services import login

    (watcher,) = ports.site.hub._watchers[bob.pk]
    loop = ports.site.hub._clock.get_loop()
    with monkeypatch.context() as patch:
        patch.setattr(login, "is_current", failing(Unavailable("no")))
        loop.call_soon_threadsafe(watcher.rung, {})
        bob_in.expect_silence(0.3)
    bob_in.ok("NOOP")


@pytest.mark.parametrize("command", ["STORE 1 +FLAGS (\\Seen)", "EXPUNGE", "MOVE 1 Trash"])
def test_nothing_is_told_that_was_not_done(bob_in, monkeypatch, command):
    bob_in.append("INBOX", letter(), "\\Deleted")
    bob_in.ok("SELECT INBOX")
    with monkeypatch.context() as patch:
        for module, name in ((flags, "store"), (messages, "expunge_deleted"), (messages, "move")):
            patch.setattr(module, name, failing(Unavailable("no")))
        bob_in.refused(command, rb"NO \[UNAVAILABLE\] .*")
    assert bob_in.ok("FETCH 1 FLAGS") == [b"1 FETCH (FLAGS (\\Deleted \\Recent))"]


@pytest.mark.parametrize("verb", [b"GET", b"POST", b"CONNECT"])
def test_http_is_no_imap(connect, db, verb):
    client = connect(encrypted=False)
    client.push(verb + b" / HTTP/1.1\r\nHost: mx.hamburger.edu\r\nContent-Length: 9\r\n\r\na LOGOUT\r\n")
    said = [client.response() for _ in range(4)]
    assert [b" BAD " in line for line in said] == [True, True, True, False]
    assert said[-1] == b"* BYE Too many errors."
    client.expect_end()


def test_smtp_is_no_imap(connect, db):
    client = connect(encrypted=False)
    client.push(b"EHLO crepes.fr\r\nMAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n")
    assert [client.response() for _ in range(4)][-1] == b"* BYE Too many errors."
    client.expect_end()


def test_tls_on_the_port_in_clear(connect, db):
    client = connect(encrypted=False)
    client.push(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x41" * 500)
    assert client.response() == b"* BYE This port begins in clear."
    client.expect_end()
