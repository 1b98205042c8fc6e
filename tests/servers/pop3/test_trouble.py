"""What a session hears when something goes wrong on our side."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from mailserver.services import maildrop, messages
from mailserver.store.models import Message
from tests.support.pop3 import all_gone, delivered, flags, lines, uids


def away(**values):
    raise OperationalError("password=galette host=10.0.0.7")


def test_a_message_that_breaks_off_is_no_whole_message(session, ports, reader, monkeypatch, caplog):
    delivered(reader, body="x" * 70 + "\r\n" + "a line of text\r\n" * 10_000)
    client = session()
    begin = maildrop.next_piece
    monkeypatch.setattr(maildrop, "next_piece", lambda **values: away() if values["start"] else begin(**values))
    client.ask("RETR 1", r"\+OK .*")
    with pytest.raises((AssertionError, ConnectionResetError), match=r"hung up|reset"):
        lines(client)
    all_gone(ports)
    assert "a message broke off" in caplog.text
    assert flags(reader) == [0]


def test_it_tells_when_the_octets_are_gone(session, reader):
    delivered(reader)
    client = session()
    Message.objects.all().delete()
    client.ask("RETR 1", r"-ERR \[SYS/PERM\] The message is gone")
    client.ask("NOOP", r"\+OK .*")


def test_it_says_when_nothing_could_be_deleted(session, reader, monkeypatch):
    delivered(reader)
    client = session()
    client.ask("DELE 1", r"\+OK .*")
    with monkeypatch.context() as patch:
        patch.setattr(messages, "expunge", away)
        client.ask("QUIT", r"-ERR \[SYS/TEMP\] Nothing was deleted; try again soon")
        client.expect_end()
    assert uids(reader) == [1]
    session().ask("STAT", r"\+OK 1 .*")


def test_a_fault_in_a_command_does_not_end_the_session(session, reader, monkeypatch, caplog):
    delivered(reader)
    client = session()

    def broken(**values):
        raise RuntimeError("galette")

    with monkeypatch.context() as patch:
        patch.setattr(maildrop, "first_piece", broken)
        client.ask("RETR 1", r"-ERR \[SYS/PERM\] We cannot do this")
    assert "galette" in caplog.text
    client.ask("RETR 1", r"\+OK .*")
    lines(client)
