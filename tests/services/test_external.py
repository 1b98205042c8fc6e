from __future__ import annotations

import dataclasses

import pytest

from mailserver.errors import NotFound, NotPermitted, TooManyAttempts
from mailserver.net.remote_trouble import RemoteTrouble
from mailserver.services import external
from mailserver.store.models import ExternalAccount, ExternalMessage
from tests.services.importing import (
    State,
    added,
    letters,
    run,
    subjects,
)
from tests.support.scripted_imap import Script, imap_server

pytestmark = pytest.mark.usefixtures("trusting_localhost")


def test_nobody_sees_or_changes_the_import_of_another(alice, bob):
    row = added(alice, 1)
    for act in (external.pause, external.resume, external.remove):
        with pytest.raises(NotFound):
            act(account_id=bob.pk, external_id=row.pk)
    with pytest.raises(NotFound):
        external.set_password(account_id=bob.pk, external_id=row.pk, password="x")
    with pytest.raises(NotFound):
        external.get(bob.pk, row.pk)
    assert external.list_for(bob.pk) == []


def test_it_bounds_how_many_there_are_and_how_often_one_may_guess(alice, bob, dead_port):
    def add(account, port):
        return external.add(
            account_id=account.pk, host="localhost", port=port, security="tls", username="x", password="y", mode="once"
        )

    for _ in range(10):
        with pytest.raises(RemoteTrouble):
            add(alice, dead_port)
    with pytest.raises(TooManyAttempts):
        add(alice, dead_port)
    for port in range(1, external.MOST + 1):
        added(bob, port)
    with pytest.raises(NotPermitted):
        add(bob, dead_port)


def test_removing_forgets_the_password_and_keeps_the_mail(alice):
    with imap_server(Script(letters(1))) as port:
        row = run(added(alice, port))
    external.remove(account_id=alice.pk, external_id=row.pk)
    assert not ExternalAccount.objects.exists()
    assert not ExternalMessage.objects.exists()
    assert subjects(alice) == ["Letter 1"]


def test_it_calls_nobody_inside_our_network_unless_it_may(alice, settings):
    settings.CORREIO = dataclasses.replace(settings.CORREIO, allow_private_imports=False)
    script = Script(letters(1))
    with imap_server(script) as port:
        row = run(added(alice, port))
        with pytest.raises(RemoteTrouble, match="not on the public internet"):
            external.add(
                account_id=alice.pk,
                host="localhost",
                port=port,
                security="tls",
                username="x",
                password="y",
                mode="once",
            )
    assert (row.state, row.error) == (State.STOPPED, "localhost is not on the public internet.")
    assert script.heard == []
