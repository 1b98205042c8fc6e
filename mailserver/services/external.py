"""Accounts at other servers whose mail is imported: what their owner does with them. The work: `external_run`."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailserver.errors import AlreadyExists, NotFound, NotPermitted
from mailserver.net import remote_imap
from mailserver.net.internet import is_public
from mailserver.net.remote_trouble import Place, RemoteTrouble
from mailserver.services import external_bell, secrets, throttle
from mailserver.store.models import ExternalAccount, ExternalFolder, ExternalMessage

State = ExternalAccount.State

MOST = 10
# A person waits for the first try.
_TRY_SECONDS = 25.0
_TRIES, _TRIES_WITHIN = 10, 600


def list_for(account_id: int) -> list[ExternalAccount]:
    """The account's imports, oldest first."""
    return list(ExternalAccount.objects.filter(account_id=account_id).prefetch_related("folders").order_by("id"))


def get(account_id: int, external_id: int) -> ExternalAccount:
    """An import of this account. Raises NotFound."""
    found = ExternalAccount.objects.filter(account_id=account_id, pk=external_id).first()
    if found is None:
        raise NotFound("There is no such import.")
    return found


def origin(message_id: int) -> ExternalFolder | None:
    """The folder elsewhere that a message was imported from, as long as that account is kept."""
    rows = ExternalMessage.objects.filter(message_id=message_id, state=ExternalMessage.State.IMPORTED)
    found = rows.select_related("folder__external").order_by("id").first()
    return found.folder if found else None


def folders(external: ExternalAccount) -> list[ExternalFolder]:
    """Its folders in the order in which they are imported."""
    return list(external.folders.select_related("mailbox").order_by("id"))


def failures(external: ExternalAccount, limit: int = 100) -> list[ExternalMessage]:
    """The messages that could not be imported, with the reasons."""
    rows = ExternalMessage.objects.filter(folder__external=external, state=ExternalMessage.State.FAILED)
    return list(rows.select_related("folder").order_by("folder_id", "uid")[:limit])


def add(
    *, account_id: int, host: str, port: int, security: str, username: str, password: str, mode: str
) -> ExternalAccount:
    """Sign in there once; when that works, keep the account and begin to import.

    Raises RemoteTrouble (its `field` says which), TooManyAttempts, AlreadyExists, NotPermitted when there are too many.
    """
    if ExternalAccount.objects.filter(account_id=account_id).count() >= MOST:
        raise NotPermitted(f"At most {MOST} accounts can be imported from. Remove one first.")
    if ExternalAccount.objects.filter(account_id=account_id, host=host, port=port, username=username).exists():
        raise AlreadyExists("This account is in the list already.")
    attempt(account_id, Place(host, port, security, username, password))
    now = timezone.now()
    try:
        with transaction.atomic():
            made = ExternalAccount.objects.create(
                account_id=account_id,
                host=host,
                port=port,
                security=security,
                username=username,
                secret=secrets.encrypt(password),
                mode=mode,
                next_at=now,
                round_at=now,
            )
            external_bell.wake(made.pk)
    except IntegrityError as error:
        raise AlreadyExists("This account is in the list already.") from error
    return made


def attempt(account_id: int, place: Place) -> None:
    """Sign in at a server and out again. Raises RemoteTrouble; TooManyAttempts after many that failed.

    Nobody is to guess passwords of other servers from here.
    """
    name = f"import:{account_id}"
    throttle.check_act(name)
    try:
        with remote_imap.connect(place, allowed=may_call, seconds=_TRY_SECONDS):
            pass
    except RemoteTrouble:
        throttle.count_act(name, most=_TRIES, seconds=_TRIES_WITHIN)
        raise


def may_call(address: str) -> bool:
    """The guard of every connection whose host somebody typed into a form."""
    return settings.CORREIO.allow_private_imports or is_public(address)


def pause(*, account_id: int, external_id: int) -> None:
    """Stop for now; a worker that is at it ends with the message in its hands. Raises NotFound."""
    with transaction.atomic():
        row = _locked(account_id, external_id)
        if row.state == State.ACTIVE:
            row.state, row.lease_token, row.lease_until = State.PAUSED, None, None
            row.save(update_fields=["state", "lease_token", "lease_until"])


def resume(*, account_id: int, external_id: int) -> None:
    """Go on, or through everything once more; what failed is tried again. Raises NotFound."""
    with transaction.atomic():
        _begin_again(_locked(account_id, external_id))


def set_password(*, account_id: int, external_id: int, password: str) -> None:
    """Another password, tried at once; then go on. Raises NotFound, RemoteTrouble, TooManyAttempts."""
    row = get(account_id, external_id)
    attempt(account_id, Place(row.host, row.port, row.security, row.username, password))
    with transaction.atomic():
        row = _locked(account_id, external_id)
        row.secret = secrets.encrypt(password)
        row.save(update_fields=["secret"])
        _begin_again(row)


def remove(*, account_id: int, external_id: int) -> None:
    """Forget the account and its password; the mail that came stays. Raises NotFound."""
    with transaction.atomic():
        _locked(account_id, external_id).delete()


def _locked(account_id: int, external_id: int) -> ExternalAccount:
    rows = ExternalAccount.objects.select_for_update()
    found = rows.filter(account_id=account_id, pk=external_id).first()
    if found is None:
        raise NotFound("There is no such import.")
    return found


def _begin_again(row: ExternalAccount) -> None:
    if row.state == State.ACTIVE and row.error == "":
        return
    now = timezone.now()
    if row.state == State.DONE:
        row.round_at = now
    row.state, row.error, row.failures, row.next_at = State.ACTIVE, "", 0, now
    # A worker that is still at it would note more of a folder than is done now.
    row.lease_token = row.lease_until = None
    row.save(update_fields=["state", "error", "failures", "next_at", "round_at", "lease_token", "lease_until"])
    for folder in row.folders.filter(failed__gt=0):
        _forget_failures(folder)
    external_bell.wake(row.pk)


def _forget_failures(folder: ExternalFolder) -> None:
    """The import of a folder goes back to the first message that failed; rows keep the others from coming twice."""
    rows = ExternalMessage.objects.filter(
        folder=folder, uidvalidity=folder.uidvalidity, state=ExternalMessage.State.FAILED
    )
    first = rows.order_by("uid").values_list("uid", flat=True).first()
    if first is None:
        return
    rows.delete()
    folder.last_uid, folder.failed, folder.done_at, folder.stuck_times = min(folder.last_uid, first - 1), 0, None, 0
    folder.save(update_fields=["last_uid", "failed", "done_at", "stuck_times"])
