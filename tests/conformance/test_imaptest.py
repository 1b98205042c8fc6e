"""The scripts of ImapTest against our server.

With CORREIO_TEST_IMAP_PEER="127.0.0.1:143 {}@example.org password" they run against another one, in clear, which shows
whether the runner is right: `{}` becomes a new name for each script, and every name must be able to sign in.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable

import pytest

from mailserver.services.accounts import create_account
from tests.conformance import imaptest_script
from tests.conformance.imaptest import Run
from tests.support import corpora
from tests.support.imap_server import Client
from tests.support.people import PASSWORD

FOLDER = corpora.FOLDER / "imaptest-basic"
PEER = os.environ.get("CORREIO_TEST_IMAP_PEER", "")

pytestmark = corpora.needed


@pytest.mark.parametrize("name", imaptest_script.names(FOLDER))
def test_script(name, request):
    if PEER:
        run_against_peer(name)
        return
    request.getfixturevalue("domains")
    connect = request.getfixturevalue("connect")
    address = f"{name}@hamburger.edu"
    create_account(address=address, name=name, password=PASSWORD)
    Run(imaptest_script.read(FOLDER, name), connect, address, PASSWORD).run()


def run_against_peer(name: str) -> None:
    place, user, password = PEER.split()
    host, _, port = place.rpartition(":")
    connect: Callable[[], Client] = lambda: greeted(Client(int(port), encrypted=False, host=host))  # noqa: E731
    Run(imaptest_script.read(FOLDER, name), connect, user.format(f"{name}-{uuid.uuid4().hex[:8]}"), password).run()


def greeted(client: Client) -> Client:
    assert client.response().startswith(b"* OK ")
    return client
