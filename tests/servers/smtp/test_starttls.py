from __future__ import annotations

import ssl
import time

import pytest

from mailserver.servers.smtp.limits import Limits
from mailserver.store.models import Message
from tests.support.dialogue import Dialogue, base64
from tests.support.listeners import in_the_tests_transaction, listening
from tests.support.people import PASSWORD


def secured(client: Dialogue) -> Dialogue:
    client.ask("STARTTLS", r"220 .*")
    client.encrypt()
    return client


def test_it_encrypts(hello, bob):
    secured(hello)
    assert hello.socket.version() == "TLSv1.3"
    hello.ask("EHLO crepes.fr", r"250-.*")
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.send("Subject: secret", "", "Hi", ".")
    hello.expect("250 .*")
    assert b"with ESMTPS (TLSv1.3" in bytes(Message.objects.get().prefix)


def test_it_refuses_a_second_handshake(hello):
    secured(hello)
    hello.ask("EHLO crepes.fr", r"250-.*")
    hello.ask("STARTTLS", r"503 5\.5\.1 .*")
    hello.ask("NOOP", "250 .*")


def test_it_refuses_one_on_the_encrypted_port(ports, connect):
    connect(ports.submissions, encrypted=True).ask("STARTTLS", r"503 5\.5\.1 .*")


def test_it_takes_no_argument(hello):
    hello.ask("STARTTLS now", r"501 5\.5\.4 .*")


def test_it_forgets_what_was_said_in_clear(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    secured(hello)
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"503 5\.5\.1 .*")
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"503 5\.5\.1 .*hello.*|503 5\.5\.1 .*HELO.*")


@pytest.mark.parametrize(
    "injected",
    [b"RSET\r\n", b"EHLO evil.example\r\nMAIL FROM:<evil@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\n", b"NO"],
)
def test_it_throws_away_what_was_pipelined_before_the_handshake(hello, bob, injected):
    hello.push(b"STARTTLS\r\n" + injected)
    hello.expect(r"220 .*")
    hello.encrypt()
    hello.expect_silence()
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"503 .*")
    hello.ask("EHLO crepes.fr", r"250-.*")


def test_it_hangs_up_on_words_instead_of_a_handshake(ports, connect):
    client = connect(ports.mx)
    client.ask("STARTTLS", "220 .*")
    client.send("MAIL FROM:<alice@crepes.fr>")
    data = client.socket.recv(1000)
    # At most a TLS alert, never a reply.
    assert not data[:1].isdigit()
    client.socket.close()
    deadline = time.monotonic() + 10
    while len(ports.register):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_hears_a_command_that_comes_with_the_end_of_the_handshake(hello):
    hello.ask("STARTTLS", r"220 .*")
    hello.encrypt_and_send("NOOP")
    hello.expect(r"250 .*")


def test_it_refuses_old_tls(hello):
    hello.ask("STARTTLS", "220 .*")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        context.wrap_socket(hello.socket)


def test_a_sign_in_needs_it(ports, connect, alice):
    client = connect(ports.submission)
    client.ask(f"AUTH PLAIN {base64(f'{chr(0)}alice@crepes.fr{chr(0)}{PASSWORD}')}", r"538 5\.7\.11 .*")
    client.ask("MAIL FROM:<alice@crepes.fr>", r"530 5\.7\.0 Start TLS first")
    secured(client)
    client.ask("EHLO crepes.fr", r"250-.*AUTH .*")
    client.ask(f"AUTH PLAIN {base64(f'{chr(0)}alice@crepes.fr{chr(0)}{PASSWORD}')}", r"235 2\.7\.0 .*")
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")


def test_it_gives_up_on_a_handshake_that_does_not_come(db, tmp_path):
    limits = Limits(handshake=0.2)
    with in_the_tests_transaction(), listening(tmp_path, limits=limits) as ports, Dialogue(ports.mx) as client:
        client.expect("220 .*")
        client.ask("EHLO crepes.fr", "250-.*")
        client.ask("STARTTLS", "220 .*")
        client.expect_end()
