"""STARTTLS (RFC 9051 §6.2.1): nothing said in clear counts, and nothing said behind it is lost."""

from __future__ import annotations

import ssl

import pytest

from tests.support.people import PASSWORD


@pytest.mark.parametrize("behind", [b"b NOOP\r\n", b"b LOGIN alice x\r\n", b"\x00", b"b"])
def test_what_stands_behind_it_ends_the_connection(connect, db, behind):
    client = connect(encrypted=False)
    client.push(b"a STARTTLS\r\n" + behind)
    client.expect_end()


def test_words_instead_of_a_handshake(connect, db):
    client = connect(encrypted=False)
    client.ok("STARTTLS")
    client.push(b"a CAPABILITY\r\n")
    # At most a TLS alert, never a response.
    assert not client.socket.recv(1000).startswith(b"*")


def test_a_command_in_the_packet_of_the_handshake(connect, bob):
    """The client's last word of the handshake and its first command may come together."""
    client = connect(encrypted=False)
    client.ok("STARTTLS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            if outgoing.pending:
                client.socket.sendall(outgoing.read())
            incoming.write(client.socket.recv(65536))
    tls.write(f'a LOGIN {bob.address} "{PASSWORD}"\r\n'.encode())
    client.socket.sendall(outgoing.read())
    heard = b""
    while b"\r\n" not in heard:
        try:
            heard += tls.read(65536)
        except ssl.SSLWantReadError:
            incoming.write(client.socket.recv(65536))
    assert heard.startswith(b"a OK [CAPABILITY ")


def test_what_was_counted_before_is_forgotten(connect, bob):
    client = connect(encrypted=False)
    client.refused("FLY", rb"BAD .*")
    client.refused("FLY", rb"BAD .*")
    client.ok("STARTTLS")
    client.encrypt()
    client.refused("FLY", rb"BAD .*")
    client.refused("FLY", rb"BAD .*")
    client.log_in(bob.address, PASSWORD)
    client.refused("STARTTLS", rb"BAD .*")


def test_there_is_none_without_a_certificate(strict, db):
    client = strict(tls=False)(encrypted=False)
    (line,) = client.ok("CAPABILITY")
    assert b"STARTTLS" not in line
    assert line.endswith(b"LOGINDISABLED")
    client.refused("STARTTLS", rb"BAD .*")
