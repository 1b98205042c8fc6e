"""`manage.py runpop3` as it runs: two sessions of two processes on one maildrop, signals, kills."""

from __future__ import annotations

import signal

import pytest

from mailserver.services import mailboxes
from mailserver.store.models import Account, MaildropLease
from tests.support import pop3
from tests.support.people import PASSWORD
from tests.support.pop3 import delivered, sign_in
from tests.support.runpop3 import runpop3
from webmail.hashers import Argon2

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def reader(alice) -> Account:
    """The process has the real settings, and so the real way to keep passwords."""
    hasher = Argon2()
    password = hasher.encode(PASSWORD, hasher.salt())
    Account.objects.filter(pk=alice.pk).update(pop3=True, password=password)
    delivered(alice)
    return alice


def total(account: Account) -> int:
    return mailboxes.by_use(account.pk, "inbox").total


def test_it_listens_and_ends_in_order(tmp_path, reader):
    with runpop3(tmp_path) as running:
        assert f"listening: pop3 127.0.0.1:{running.clear}, pop3s 127.0.0.1:{running.encrypted}" in running.output()
        with pop3.greeted(running.encrypted) as client:
            sign_in(client, reader.address)
            client.ask("DELE 1", r"\+OK .*")
            running.process.send_signal(signal.SIGTERM)
            client.expect(r"-ERR \[SYS/TEMP\] We are shutting down, try again soon")
        assert running.process.wait(20) == 0
        assert "Traceback" not in running.output()
    assert total(reader) == 1
    assert not MaildropLease.objects.exists()


def test_a_killed_process_deletes_nothing_and_its_lease_keeps_others_out_for_a_while(tmp_path, reader):
    with runpop3(tmp_path) as running, pop3.greeted(running.encrypted) as client:
        sign_in(client, reader.address)
        client.ask("DELE 1", r"\+OK .*")
        running.process.kill()
        running.process.wait(20)
    assert total(reader) == 1
    with runpop3(tmp_path, "--processes", "2") as running, pop3.greeted(running.encrypted) as client:
        sign_in(client, reader.address, expected=r"-ERR \[IN-USE\] .*")
        MaildropLease.objects.update(until="2026-01-01T00:00Z")
        sign_in(client, reader.address)
        client.ask("DELE 1", r"\+OK .*")
        client.ask("QUIT", r"\+OK .*")
    assert total(reader) == 0


def test_it_does_not_start_without_a_certificate(tmp_path, alice):
    with runpop3(tmp_path, environ={"CORREIO_TLS_CERT": ""}) as running:
        assert running.process.wait(20) == 1
        assert "POP3 needs a certificate: set CORREIO_TLS_CERT and CORREIO_TLS_KEY." in running.output()
