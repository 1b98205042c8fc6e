from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from mailserver.store.models import Account
from tests.support import pop3
from tests.support.dialogue import Dialogue
from tests.support.listeners import in_the_tests_transaction
from tests.support.pop3 import Pop3


@pytest.fixture(autouse=True)
def no_throttle(settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=None)


@pytest.fixture
def reader(alice) -> Account:
    """Alice, who reads by POP3."""
    Account.objects.filter(pk=alice.pk).update(pop3=True)
    return alice


@pytest.fixture
def ports(db, tmp_path) -> Iterator[Pop3]:
    with in_the_tests_transaction(), pop3.listening(tmp_path) as found:
        yield found


@pytest.fixture
def connect(ports) -> Iterator[Callable[..., Dialogue]]:
    """Greeted clients, over TLS unless `encrypted=False`."""
    with ExitStack() as clients:

        def made(*, encrypted: bool = True) -> Dialogue:
            port = ports.encrypted if encrypted else ports.clear
            return clients.enter_context(pop3.greeted(port, encrypted=encrypted))

        yield made


@pytest.fixture
def session(connect, reader) -> Callable[[], Dialogue]:
    """Clients that have signed in as Alice; what is in her Inbox by then is in their maildrop."""

    def made() -> Dialogue:
        client = connect()
        pop3.sign_in(client, reader.address)
        return client

    return made
