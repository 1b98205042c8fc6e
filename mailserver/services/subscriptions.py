"""The names an account wants to see in its mail programs (RFC 9051 §6.3.7). They stay subscribed without a folder."""

from __future__ import annotations

from mailserver.errors import InvalidName
from mailserver.services import mailboxes
from mailserver.store import bell
from mailserver.store.models import Mailbox, Subscription

# Of names without a folder.
MOST = 500


def subscribe(account_id: int, path: str) -> None:
    """Raises InvalidName, also when too many names have no folder."""
    if not Mailbox.objects.filter(account_id=account_id, path=path).update(subscribed=True):
        if Subscription.objects.filter(account_id=account_id).count() >= MOST:
            raise InvalidName("There are too many subscriptions without a folder.")
        Subscription.objects.get_or_create(account_id=account_id, path=mailboxes.valid_path(path))
    bell.ring_on_commit(account_id, {})


def unsubscribe(account_id: int, path: str) -> None:
    """A name that is not subscribed stays so."""
    Mailbox.objects.filter(account_id=account_id, path=path).update(subscribed=False)
    Subscription.objects.filter(account_id=account_id, path=path).delete()
    bell.ring_on_commit(account_id, {})


def without_folder(account_id: int) -> list[str]:
    """Subscribed names that no folder has (any more)."""
    return list(Subscription.objects.filter(account_id=account_id).order_by("path").values_list("path", flat=True))


def remember(account_id: int, path: str) -> None:
    """A subscribed folder goes; part of the caller's transaction."""
    Subscription.objects.get_or_create(account_id=account_id, path=path)


def taken_up(account_id: int, path: str) -> bool:
    """Whether the name of a folder that is made was subscribed to; from now on its row says so."""
    return Subscription.objects.filter(account_id=account_id, path=path).delete()[0] > 0
