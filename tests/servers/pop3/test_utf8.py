"""RFC 6856: UTF-8 in headers goes to those who said UTF8, and to the others in ASCII."""

from __future__ import annotations

import pytest

from mailserver.mail.surrogate import NOBODY
from mailserver.services import maildrop, messages
from mailserver.store.models import Message
from tests.support.mail import delivered
from tests.support.pop3 import lines, listed, sign_in

LETTER = (
    "From: Élodie <élodie@crepes.fr>\r\nTo: alice@crepes.fr\r\nSubject: Crêpes\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nÀ bientôt\r\n"
).encode()


@pytest.fixture
def mail(reader):
    """One message with UTF-8 in its header, one without; the octets of both."""
    delivered(reader, LETTER)
    delivered(reader, subject="Pears", body="plain\r\n")
    return [messages.raw(message) for message in Message.objects.order_by("pk")]


def whole(text: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in text).encode()


def retrieved(client, number: int) -> bytes:
    client.ask(f"RETR {number}", r"\+OK .*")
    return whole(lines(client))


def test_without_utf8_headers_are_ascii(session, mail):
    client = session()
    found = retrieved(client, 1)
    head, _, body = found.partition(b"\r\n\r\n")
    assert head.isascii()
    assert b"\r\nSubject: =?utf-8?q?Cr=C3=AApes?=\r\n" in head
    assert NOBODY.encode() in head
    assert body == "À bientôt\r\n".encode()
    assert retrieved(client, 2) == mail[1]
    sizes = [len(found), len(mail[1])]
    assert listed(client, "LIST") == [f"1 {sizes[0]}", f"2 {sizes[1]}"]
    client.ask("LIST 1", rf"\+OK 1 {sizes[0]}")
    client.ask("STAT", rf"\+OK 2 {sum(sizes)}")
    client.ask("RETR 1", rf"\+OK {sizes[0]} octets")
    lines(client)
    client.ask("TOP 1 0", r"\+OK .*")
    assert whole(lines(client)) == head + b"\r\n\r\n"


def test_with_utf8_they_are_as_they_came(connect, reader, mail):
    client = connect()
    client.ask("UTF8", r"\+OK .*")
    sign_in(client, reader.address)
    assert [retrieved(client, 1), retrieved(client, 2)] == mail
    assert listed(client, "LIST") == [f"1 {len(mail[0])}", f"2 {len(mail[1])}"]


def test_the_ids_are_the_same(connect, reader, session, mail):
    client = session()
    ids = listed(client, "UIDL")
    client.ask("QUIT", r"\+OK .*")
    other = connect()
    other.ask("UTF8", r"\+OK .*")
    sign_in(other, reader.address)
    assert listed(other, "UIDL") == ids


def test_a_long_one_comes_in_pieces(session, reader, monkeypatch):
    """The header is longer than a slice, and changes go on behind it."""
    monkeypatch.setattr(maildrop, "SLICE", 100)
    part = "--b\r\nContent-Type: text/plain; name=é.txt\r\n\r\nÀ bientôt\r\n"
    raw = f"Subject: {'Crêpes ' * 40}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{part * 20}--b--\r\n"
    delivered(reader, raw.encode())
    client = session()
    found = retrieved(client, 1)
    assert listed(client, "LIST") == [f"1 {len(found)}"]
    assert found.count(b"\r\nContent-Type: text/plain; name*=utf-8''%C3%A9.txt\r\n") == 20
    assert found.count("À bientôt".encode()) == 20
    assert found.partition(b"\r\n\r\n")[0].isascii()
    assert found.endswith(b"--b--\r\n")
