"""A worker that is killed for real, again and again, in the middle of an import."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from mailserver.services import messages
from mailserver.store.models import ExternalAccount, ExternalMessage
from tests.services.importing import State, added, counts, entries, folder, run
from tests.support.dovecot import dovecot
from tests.support.mail import message

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("trusting_localhost"),
    pytest.mark.slow,
    pytest.mark.timeout(400),
]

WORKER = "import django; django.setup(); from mailserver.services import external_run; external_run.run({number})"
NUMBER = 300


def worker(row: ExternalAccount) -> subprocess.Popen[bytes]:
    where = connection.settings_dict
    database = f"postgresql://{where['USER']}@/{where['NAME']}?host={where['HOST']}&port={where['PORT']}"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.browser.settings", "CORREIO_DATABASE_URL": database}
    environment |= {"CORREIO_ALLOW_PRIVATE_IMPORTS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER.format(number=row.pk)],
        cwd=Path(settings.BASE_DIR),
        env={**os.environ, **environment},
    )


def test_a_worker_that_is_killed_costs_nothing_and_doubles_nothing(alice):
    raws = [message(subject=f"Letter {index}", message_id=f"l{index}@old.example") for index in range(NUMBER)]
    kills = 0
    with dovecot() as server:
        server.fill("old", raws)
        row = added(alice, server.imaps)
        for wanted in (1, 120, 240):
            ExternalAccount.objects.filter(pk=row.pk).update(lease_until=None, next_at=timezone.now())
            with worker(row) as process:
                while process.poll() is None and ExternalMessage.objects.count() < wanted:
                    time.sleep(0.005)
                kills += process.poll() is None
                process.kill()
        ExternalAccount.objects.filter(pk=row.pk).update(lease_until=None, next_at=timezone.now())
        row = run(row)
    assert kills >= 2
    assert row.state == State.DONE
    assert [messages.raw(entry.message) for entry in entries(alice, "INBOX")] == raws
    assert counts(row) == (NUMBER, 0, 0)
    assert folder(row).agrees
