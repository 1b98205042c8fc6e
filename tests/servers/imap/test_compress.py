"""COMPRESS=DEFLATE (RFC 4978), from the client's side with zlib."""

from __future__ import annotations

import zlib

import pytest

from mailserver.servers.imap.limits import Limits
from tests.support.imap_server import Client
from tests.support.mail import message as letter


class Zipped(Client):
    """A client that goes on deflated."""

    def compress(self) -> None:
        self.ok("COMPRESS DEFLATE")
        self.deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.inflater = zlib.decompressobj(-15)

    def push(self, data: bytes) -> None:
        if hasattr(self, "deflater"):
            data = self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(data)

    def _more(self) -> None:
        data = self.socket.recv(65536)
        assert data, f"the server hung up after {self._heard!r}"
        self._heard += self.inflater.decompress(data) if hasattr(self, "inflater") else data


@pytest.fixture
def zipped(connect, bob):
    client = connect(bob.address)
    client.__class__ = Zipped
    client.compress()
    return client


def test_all_goes_on_as_before(zipped):
    raw = letter(body="all the same line\r\n" * 5000)
    zipped.append("INBOX", raw)
    zipped.ok("SELECT INBOX")
    assert zipped.ok("FETCH 1 BODY.PEEK[]") == [b"1 FETCH (BODY[] {%d}\r\n%b)" % (len(raw), raw)]
    assert b"COMPRESS" not in zipped.ok("CAPABILITY")[0]
    zipped.refused("COMPRESS DEFLATE", rb"NO \[COMPRESSIONACTIVE\] .*")


def test_only_deflate(bob_in):
    bob_in.refused("COMPRESS LZMA", rb"NO \[CANNOT\] .*")
    bob_in.refused("COMPRESS", rb"BAD .*")
    bob_in.ok("NOOP")


def test_commands_may_follow_in_the_same_packet(connect, bob):
    client = connect(bob.address)
    client.__class__ = Zipped
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    behind = deflater.compress(b"z2 NOOP\r\n") + deflater.flush(zlib.Z_SYNC_FLUSH)
    client.push(b"z1 COMPRESS DEFLATE\r\n" + behind)
    assert client.response().startswith(b"z1 OK")
    client.inflater, rest, client._heard = zlib.decompressobj(-15), client._heard, b""
    client._heard = client.inflater.decompress(rest)
    assert client.response() == b"z2 OK Done."


def test_a_bomb_ends_the_session_and_fills_no_memory(zipped, ports):
    """A gigabyte of a command without end comes in one megabyte."""
    (connection,) = ports.site.compressed
    most = 0
    real = connection.input.feed

    def feed(data: bytes) -> None:
        nonlocal most
        real(data)
        most = max(most, len(connection.input._buffer))

    connection.input.feed = feed
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(deflater.compress(b"A" * 1_000_000) for _ in range(1000)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 1_100_000
    zipped.socket.sendall(bomb)
    assert zipped.response().startswith(b"* BYE This line does not end.")
    assert most < 1_000_000


@pytest.mark.parametrize("sent", [b"a1 NOOP\r\n", zlib.compress(b"a1 NOOP\r\n"), b"\x03\x00" + b"more"])
def test_what_is_no_deflate_stream_ends_the_connection(zipped, sent):
    zipped.socket.sendall(sent + b"\xff" * 10)
    zipped.expect_end()


def test_so_many_and_no_more(strict, bob):
    connect = strict(limits=Limits(compressed_sessions=1))
    first, second = connect(bob.address), connect(bob.address)
    assert b"COMPRESS=DEFLATE" in second.ok("CAPABILITY")[0]
    first.__class__ = Zipped
    first.compress()
    assert b"COMPRESS" not in second.ok("CAPABILITY")[0]
    second.refused("COMPRESS DEFLATE", rb"NO \[LIMIT\] .*")
