from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.imap_server import Client, ImapPorts, listening
from tests.support.listeners import in_the_tests_transaction


@pytest.fixture
def ports(db, tmp_path) -> Iterator[ImapPorts]:
    with in_the_tests_transaction(), listening(tmp_path) as found:
        yield found


@pytest.fixture
def connect(ports) -> Callable[[], Client]:
    """Greeted clients, over TLS."""

    def made() -> Client:
        client = Client(ports.imaps)
        assert client.response().startswith(b"* OK ")
        return client

    return made
