"""The next server of hamburger.edu, for what the queue sends there; Alice's Inbox, for what IMAP finds in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailserver.conf import Route
from mailserver.services import imapsearch, messages
from mailserver.store.models import Domain
from tests.support.mail import message
from tests.support.smtp_server import ScriptedServer


@pytest.fixture
def configure(settings):
    def change(**values):
        settings.CORREIO = replace(settings.CORREIO, **values)

    change(hostname="crepes.fr", allow_private_hops=True, stage_timeout=5.0)
    return change


@pytest.fixture
def remote(configure, domains):
    """Mail for hamburger.edu goes to a scripted server; `remote(replies=…)` starts it."""
    Domain.objects.filter(name="hamburger.edu").delete()
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
