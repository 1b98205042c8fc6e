"""A message of Alice's on its way to hamburger.edu, where a scripted server answers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.conf import settings as django_settings
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from mailserver.conf import Route
from mailserver.practice.scripted import ScriptedServer
from mailserver.services import delivery, submission
from mailserver.store.models import Account, QueueEntry
from tests.support.mail import message


@contextmanager
def hamburger_edu(**script: Any) -> Iterator[ScriptedServer]:
    """A server of strangers for hamburger.edu; the domain must not be hosted here."""
    with ScriptedServer(**script) as server:
        routes = {"hamburger.edu": Route("127.0.0.1", server.port)}
        changed = replace(django_settings.CORREIO, hostname="mail.crepes.fr", stage_timeout=5.0, routes=routes)
        with override_settings(CORREIO=changed):
            yield server


def sent(account: Account, *addresses: str, raw: bytes | None = None) -> QueueEntry:
    """Hand a message to submission as the page does."""
    addresses = addresses or ("bob@hamburger.edu",)
    own = f"{account.name} <{account.address}>"
    submitted = submission.submit(
        account_id=account.pk,
        sender=account.address,
        recipients=[submission.SubmittedRecipient(address) for address in addresses],
        raw=raw or message(sender=own, to=", ".join(addresses)),
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        composed_at=timezone.now(),
    )
    return QueueEntry.objects.get(pk=submitted.entry_id)


def worker() -> None:
    """One round of a worker, in a thread as the browser's driver has an event loop in this one."""

    def work() -> None:
        try:
            delivery.deliver_domain("hamburger.edu")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()


def travel(account: Account, *addresses: str, **script: Any) -> QueueEntry:
    """Send a message and let one attempt be made."""
    with hamburger_edu(**script):
        entry = sent(account, *addresses)
        delivery.deliver_domain("hamburger.edu")
    entry.refresh_from_db()
    return entry
