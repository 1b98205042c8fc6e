from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from mailserver.servers import bridge
from tests.support.imap_server import Client, ImapPorts, listening
from tests.support.listeners import in_the_tests_transaction
from tests.support.people import PASSWORD


@pytest.fixture(autouse=True)
def hostname(settings) -> str:
    settings.CORREIO = replace(settings.CORREIO, hostname="mx.hamburger.edu")
    return "mx.hamburger.edu"


@pytest.fixture
def ports(db, tmp_path) -> Iterator[ImapPorts]:
    with in_the_tests_transaction(), listening(tmp_path) as found:
        yield found


@pytest.fixture
def connect(ports) -> Iterator[Callable[..., Client]]:
    """Greeted clients; with an account, signed in and with a mailbox, selected."""
    with connecting(ports) as made:
        yield made


@pytest.fixture
def live(transactional_db, tmp_path) -> Iterator[Callable[..., Client]]:
    """The same for a server that commits, so that bells ring and sessions run side by side."""
    with listening(tmp_path) as ports, connecting(ports) as made:
        yield made
    bridge.shut_down()


@contextmanager
def connecting(ports: ImapPorts) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def made(address: str = "", mailbox: str = "", *, encrypted: bool = True) -> Client:
        client = Client(ports.imaps if encrypted else ports.imap, encrypted=encrypted)
        clients.append(client)
        assert client.response().startswith(b"* OK [CAPABILITY IMAP4rev1 IMAP4rev2 ")
        if address:
            client.log_in(address, PASSWORD)
        if mailbox:
            client.ok(f"SELECT {mailbox}")
        return client

    made.ports = ports
    try:
        yield made
    finally:
        for client in clients:
            client.socket.close()


@pytest.fixture
def strict(db, tmp_path) -> Iterator[Callable[..., Client]]:
    """Clients of a server with the limits a test gives: `strict(limits=Limits(…))` is a `connect`."""
    with ExitStack() as stack:
        stack.enter_context(in_the_tests_transaction())

        def opened(**options: object) -> Callable[..., Client]:
            return stack.enter_context(connecting(stack.enter_context(listening(tmp_path, **options))))

        yield opened


@pytest.fixture
def bob_in(connect, bob) -> Client:
    """Bob, signed in."""
    return connect(bob.address)


@pytest.fixture
def watcher(connect, bob) -> Callable[[], Client]:
    """Bob's other mail program, with INBOX selected."""
    return lambda: connect(bob.address, "INBOX")
