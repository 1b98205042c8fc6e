"""The server that is tested: ours.

With CORREIO_TEST_IMAP_PEER="127.0.0.1:143 {}@example.org password" it is another one, in clear, which shows whether a
test is right: `{}` becomes a new name for each account, and every name must be able to sign in.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from mailserver.services.accounts import create_account
from tests.support.imap_server import Client, listening
from tests.support.listeners import in_the_tests_transaction
from tests.support.people import PASSWORD

PEER = os.environ.get("CORREIO_TEST_IMAP_PEER", "")


@dataclass(frozen=True)
class Door:
    """`connect` gives clients that have heard the greeting, `account` the address of a new account."""

    port: int
    encrypted: bool
    connect: Callable[[], Client]
    account: Callable[[str], str]
    password: str


@pytest.fixture
def door(domains, tmp_path) -> Iterator[Door]:
    if PEER:
        yield _of_peer(*PEER.split())
        return
    with in_the_tests_transaction(), listening(tmp_path) as ports:
        yield Door(ports.imaps, True, lambda: _greeted(Client(ports.imaps)), _account, PASSWORD)


def _account(name: str) -> str:
    create_account(address=f"{name}@hamburger.edu", name=name, password=PASSWORD)
    return f"{name}@hamburger.edu"


def _of_peer(place: str, user: str, password: str) -> Door:
    host, _, port = place.rpartition(":")
    return Door(
        int(port),
        False,
        lambda: _greeted(Client(int(port), encrypted=False, host=host)),
        lambda name: user.format(f"{name}-{uuid.uuid4().hex[:8]}"),
        password,
    )


def _greeted(client: Client) -> Client:
    assert client.response().startswith(b"* OK ")
    return client
