"""What the tests of imports share: a person's account at a server of the tests, and runs until nothing is left."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from mailserver.services import external, external_run, secrets
from mailserver.store.models import Account, ExternalAccount, ExternalFolder, Mailbox, MailboxMessage
from tests.support.mail import message

Mode, State = ExternalAccount.Mode, ExternalAccount.State


def added(
    account: Account, port: int, *, user: str = "old", password: str = "kouign-amann", mode: str = Mode.ONCE
) -> ExternalAccount:
    """As `external.add` leaves it, without the first try."""
    now = timezone.now()
    return ExternalAccount.objects.create(
        account=account,
        host="localhost",
        port=port,
        username=user,
        secret=secrets.encrypt(password),
        mode=mode,
        next_at=now,
        round_at=now,
    )


def run(row: ExternalAccount, *, most: int = 50) -> ExternalAccount:
    """Run slices until the import waits for a time or a person; the row as it is then."""
    for _ in range(most):
        if not external_run.run(row.pk):
            break
    row.refresh_from_db()
    return row


def due(row: ExternalAccount) -> None:
    """Let the time come for which the import waits, and for its next way through all folders."""
    before = timezone.now() - timedelta(seconds=1)
    ExternalAccount.objects.filter(pk=row.pk).update(next_at=before)
    if row.finished_at and row.state == State.ACTIVE:
        ExternalAccount.objects.filter(pk=row.pk).update(round_at=timezone.now())


def folder(row: ExternalAccount, name: str = "INBOX") -> ExternalFolder:
    return ExternalFolder.objects.get(external=row, name=name)


def counts(row: ExternalAccount, name: str = "INBOX") -> tuple[int, int, int]:
    """Imported, known, failed."""
    found = folder(row, name)
    return found.imported, found.known, found.failed


def entries(account: Account, path: str) -> list[MailboxMessage]:
    box = Mailbox.objects.get(account=account, path=path)
    return list(MailboxMessage.objects.filter(mailbox=box).select_related("message").order_by("uid"))


def subjects(account: Account, path: str = "INBOX") -> list[str]:
    return [entry.message.subject for entry in entries(account, path)]


def again(row: ExternalAccount) -> None:
    external.resume(account_id=row.account_id, external_id=row.pk)


def letters(*uids: int) -> dict[int, bytes]:
    """Messages of a scripted server, by UID."""
    return {uid: message(subject=f"Letter {uid}", message_id=f"letter{uid}@old.example") for uid in uids}


def until_it_waits_for_nobody(row: ExternalAccount, most: int = 20) -> ExternalAccount:
    """Run, and let each pause be over, until it is done or stopped."""
    for _ in range(most):
        row = run(row)
        if row.state != State.ACTIVE:
            return row
        due(row)
    return row
