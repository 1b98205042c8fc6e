from __future__ import annotations

import logging

import pytest

from mailserver import errors
from mailserver.servers.pop3 import errors as table
from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.commands.table import COMMANDS
from mailserver.servers.pop3.replies import Reply


def test_it_knows_more_special_errors_by_their_kind():
    assert table.reply_to(errors.StoreFull("x")) is replies.TRY_LATER


def test_what_nobody_foresaw_is_logged_and_told_without_its_words(caplog):
    with caplog.at_level(logging.ERROR):
        assert table.reply_to(RuntimeError("galette")) is replies.FAULT
    assert "galette" in caplog.text


@pytest.mark.parametrize("name", sorted(name for name, value in vars(replies).items() if isinstance(value, Reply)))
def test_its_replies_are_lines_of_ascii(name):
    """RFC 2449 §4: at most 512 octets with the line end."""
    line = bytes(getattr(replies, name))
    assert line.endswith(b"\r\n")
    assert line[:-2].decode("ascii").isprintable()
    assert len(line) <= 512


def test_it_has_the_commands_of_the_standards():
    """RFC 1939 with the optional ones but APOP, RFC 2449, 2595, 5034, 6856."""
    words = "CAPA UTF8 STLS USER PASS AUTH STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT"
    assert list(COMMANDS) == words.split()
