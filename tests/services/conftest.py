"""The next server of hamburger.edu, Alice's Inbox as IMAP searches it, and leave to import from this machine."""

from __future__ import annotations

import dataclasses
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailserver.conf import Route
from mailserver.practice.certificates import self_signed
from mailserver.practice.scripted import ScriptedServer
from mailserver.services import delivery, imapsearch, messages
from mailserver.services.delivery_office import Office
from mailserver.store.models import Domain
from tests.support.mail import message


@pytest.fixture
def configure(settings):
    def change(**values):
        settings.CORREIO = replace(settings.CORREIO, **values)

    change(hostname="crepes.fr", allow_private_hops=True, stage_timeout=5.0)
    return change


@pytest.fixture
def remote(configure, domains, monkeypatch):
    """Mail for hamburger.edu goes to a scripted server; `remote(replies=…)` starts it."""
    Domain.objects.filter(name="hamburger.edu").delete()
    monkeypatch.setattr(delivery, "_office", Office())
    servers = []

    def start(**options) -> ScriptedServer:
        server = ScriptedServer(**options).__enter__()
        servers.append(server)
        configure(routes={"hamburger.edu": Route("127.0.0.1", server.port)})
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def inbox(alice):
    return alice.mailboxes.get(special_use="inbox")


@pytest.fixture
def put(alice, inbox):
    """Put a message into Alice's Inbox; its UID."""

    def append(raw=None, *, flags=0, at=datetime(2026, 11, 23, 12, tzinfo=UTC), **parts):
        raw = raw or message(**parts)
        return messages.append(account_id=alice.pk, mailbox_id=inbox.pk, raw=raw, flags=flags, at=at).uid

    return append


@pytest.fixture
def find(alice, inbox):
    return lambda key, **options: imapsearch.find(alice.pk, inbox.pk, key, **options)


@pytest.fixture
def trusting_localhost(tmp_path, monkeypatch, settings) -> None:
    """Imports may call servers of the tests, and trust the certificate that those have."""
    pem = tmp_path / "ca.pem"
    pem.write_bytes(self_signed("localhost"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    settings.CORREIO = dataclasses.replace(settings.CORREIO, allow_private_imports=True)


@pytest.fixture
def dead_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
