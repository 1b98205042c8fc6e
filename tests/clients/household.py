"""One complete Correio for mail programs of others, and people whose mailboxes are looked at from three sides."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from imapclient import IMAPClient

from mailserver.services.flags import names_of
from tests.support.instance import Instance
from tests.support.page_client import Page, PageClient

PASSWORD = "buckwheat and cider"
PEOPLE = 48

# One hash and one verifier for all: each takes some hundredths of a second of CPU.
_SETTLE = """
from unittest.mock import patch
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.services.scram import Salt, Verifier
hashed = make_password({password!r})
verifier = Verifier.of({password!r}, Salt(b"for all of them", settings.SCRAM_ITERATIONS))
hashing = patch("django.contrib.auth.base_user.make_password", return_value=hashed)
proving = patch("mailserver.services.scram.Verifier.of", return_value=verifier)
with transaction.atomic(), hashing, proving:
    add_domain("crepes.fr")
    for number in range({people}):
        create_account(address=f"alice{{number}}@crepes.fr", name="Alice", password={password!r})
"""
_ENTRIES = """
SELECT e.uid, m.subject, e.flags, ARRAY(SELECT l.keyword FROM label l WHERE l.id = ANY(e.keywords) ORDER BY l.keyword)
FROM mailboxmessage e JOIN message m ON m.id = e.message_id JOIN mailbox b ON b.id = e.mailbox_id
JOIN account a ON a.id = b.account_id
WHERE a.address = %s AND lower(b.path) = lower(%s) ORDER BY e.uid
"""
_PATHS = "SELECT path FROM mailbox JOIN account a ON a.id = account_id WHERE a.address = %s ORDER BY path"


class Household:
    """An instance with people, none of whom has any mail."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        made = instance.manage("shell", "-c", _SETTLE.format(people=PEOPLE, password=PASSWORD))
        assert made.returncode == 0, made.stderr
        self._numbers = iter(range(PEOPLE))

    def person(self) -> Person:
        """Somebody nobody has met yet."""
        return Person(self.instance, f"alice{next(self._numbers)}@crepes.fr")


@dataclass(frozen=True)
class Entry:
    """A message of a folder as the database has it; `flags` are all names, in order."""

    uid: int
    subject: str
    flags: tuple[str, ...]


@dataclass
class Person:
    instance: Instance
    address: str
    password: str = PASSWORD

    @property
    def certificate(self) -> Path:
        return self.instance.data_dir / "tls" / "certificate.pem"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    # The certificate is one for localhost; not every program knows that it names 127.0.0.1 too.
    @property
    def imaps(self) -> tuple[str, int]:
        return self._at("imaps")

    @property
    def imap(self) -> tuple[str, int]:
        return self._at("imap")

    def _at(self, name: str) -> tuple[str, int]:
        return "localhost", int(str(self.instance.ready[name]).rpartition(":")[2])

    @contextmanager
    def imapclient(self, folder: str | None = None) -> Iterator[IMAPClient]:
        """Signed in, with this folder selected."""
        host, port = self.imaps
        with IMAPClient(host, port, ssl=True, ssl_context=self.trust, timeout=60) as client:
            client.login(self.address, self.password)
            if folder is not None:
                client.select_folder(folder)
            yield client

    # From three sides

    def stored(self, folder: str) -> list[Entry]:
        """What the database has in a folder."""
        return [
            Entry(uid, subject, tuple(sorted(names_of(flags, tuple(keywords)))))
            for uid, subject, flags, keywords in self._rows(_ENTRIES, self.address, folder)
        ]

    def folders(self) -> list[str]:
        return [path for (path,) in self._rows(_PATHS, self.address)]

    def _rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.instance.database_url) as connection:
            return connection.execute(statement, values).fetchall()

    def subjects(self, folder: str) -> list[str]:
        return [entry.subject for entry in self.stored(folder)]

    def flags(self, folder: str) -> dict[str, tuple[str, ...]]:
        """All names of flags by subject, as another mail program is told them."""
        with self.imapclient() as client:
            client.select_folder(folder, readonly=True)
            uids = client.search()
            answered = client.fetch(uids, ["FLAGS", "ENVELOPE"]) if uids else {}
        return {
            item[b"ENVELOPE"].subject.decode(): tuple(sorted(f.decode() for f in item[b"FLAGS"] if f != b"\\Recent"))
            for item in answered.values()
        }

    @cached_property
    def window(self) -> PageClient:
        return PageClient.signed_in(self.instance.ready["web"], self.address, self.password)

    def page(self, folder: str = "Inbox") -> Page:
        """The page of a folder, reached by its link."""
        start = self.window.get("/")
        return start if folder == "Inbox" else start.follow(folder)

    # What others do meanwhile

    def put(self, subject: str, *, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> bytes:
        """A new message in a folder; its octets."""
        raw = letter(subject)
        with self.imapclient() as client:
            client.append(folder, raw, flags)
        return raw


def letter(subject: str, body: str = "The batter has rested.") -> bytes:
    message = EmailMessage()
    message["From"] = "Bob <bob@hamburger.edu>"
    message["To"] = "alice@crepes.fr"
    message["Subject"] = subject
    message["Message-ID"] = f"<{subject.casefold().replace(' ', '.')}@hamburger.edu>"
    message["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    message.set_content(f"{body}\n\n-- \nBob\n")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
