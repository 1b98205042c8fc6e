from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.support.dialogue import Dialogue
from tests.support.listeners import Ports, in_the_tests_transaction, listening


@pytest.fixture(autouse=True)
def hostname(settings) -> str:
    settings.CORREIO = replace(settings.CORREIO, hostname="mx.hamburger.edu")
    return "mx.hamburger.edu"


@pytest.fixture
def ports(db, tmp_path) -> Iterator[Ports]:
    with in_the_tests_transaction(), listening(tmp_path) as found:
        yield found


@pytest.fixture
def mx(ports) -> Iterator[Dialogue]:
    """A client of the MX, greeted."""
    with Dialogue(ports.mx) as client:
        client.expect(r"220 .*")
        yield client


@pytest.fixture
def hello(mx) -> Dialogue:
    """A client of the MX that has said EHLO."""
    mx.ask("EHLO crepes.fr", r"250-.*")
    return mx


@pytest.fixture
def connect(ports) -> Iterator[Callable[..., Dialogue]]:
    """Clients that have said EHLO: `connect(ports.mx)`, `connect(ports.submissions, encrypted=True)`."""
    clients: list[Dialogue] = []

    def made(port: int, *, encrypted: bool = False) -> Dialogue:
        client = Dialogue(port, encrypted=encrypted)
        clients.append(client)
        client.expect(r"220 .*")
        client.ask("EHLO crepes.fr", r"250-.*")
        return client

    yield made
    for client in clients:
        client.socket.close()
