from __future__ import annotations

import pytest

from mailserver.servers.pop3.limits import Limits
from tests.support import pop3
from tests.support.dialogue import Dialogue
from tests.support.listeners import in_the_tests_transaction
from tests.support.pop3 import listed, sign_in


@pytest.fixture
def clear(connect, reader) -> Dialogue:
    return connect(encrypted=False)


def secured(client: Dialogue) -> Dialogue:
    client.ask("STLS", r"\+OK .*")
    client.encrypt()
    return client


def test_it_encrypts_and_lets_people_in(clear, reader):
    secured(clear)
    assert clear.socket.version() == "TLSv1.3"
    sign_in(clear, reader.address)
    clear.ask("STLS", r"-ERR You are signed in already")


def test_it_refuses_a_second_handshake(clear):
    secured(clear).ask("STLS", r"-ERR TLS is already in use")


def test_it_refuses_one_on_the_encrypted_port(connect):
    connect().ask("STLS", r"-ERR TLS is already in use")


def test_it_takes_no_argument(clear):
    clear.ask("STLS now", r"-ERR The command has other arguments")


@pytest.mark.parametrize("injected", [b"NOOP\r\n", b"USER mallory@crepes.fr\r\nPASS x\r\n", b"NO", b"\0" * 20_000])
def test_it_throws_away_what_was_pipelined_before_the_handshake(clear, reader, injected):
    clear.push(b"STLS\r\n" + injected)
    clear.expect(r"\+OK .*")
    clear.encrypt()
    clear.expect_silence()
    clear.ask("PASS x", r"-ERR USER comes first")
    sign_in(clear, reader.address)


def test_it_hears_a_command_that_comes_with_the_end_of_the_handshake(clear):
    clear.ask("STLS", r"\+OK .*")
    clear.encrypt_and_send("STAT")
    clear.expect(r"-ERR Sign in first")


def test_it_hangs_up_on_words_instead_of_a_handshake(clear, ports):
    clear.ask("STLS", r"\+OK .*")
    clear.send("CAPA")
    # At most a TLS alert, never a reply.
    assert clear.socket.recv(1000)[:1] not in (b"+", b"-")
    clear.socket.close()
    pop3.all_gone(ports)


def test_it_gives_up_on_a_handshake_that_does_not_come(db, tmp_path):
    with (
        in_the_tests_transaction(),
        pop3.listening(tmp_path, limits=Limits(handshake=0.2)) as ports,
        pop3.greeted(ports.clear, encrypted=False) as client,
    ):
        client.ask("STLS", r"\+OK .*")
        client.expect_end()
        pop3.all_gone(ports)


def test_it_tells_what_can_be_done_now(clear):
    assert listed(clear, "CAPA") == [
        "TOP",
        "UIDL",
        "PIPELINING",
        "RESP-CODES",
        "AUTH-RESP-CODE",
        "EXPIRE NEVER",
        "UTF8 USER",
        "IMPLEMENTATION Correio",
        "STLS",
    ]
    inside = listed(secured(clear), "CAPA")
    assert inside[-2:] == ["USER", "SASL SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2"]
    assert "STLS" not in inside


def test_it_has_a_mode_for_utf8_before_signing_in(session, clear):
    clear.ask("UTF8", r"\+OK .*")
    client = session()
    assert "UTF8 USER" in listed(client, "CAPA")
    client.ask("UTF8", r"-ERR You are signed in already")
