"""Taking back what the page did. The steps are rows, so that a reload or another tab can still undo."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.services import messages
from mailserver.store.models import MailboxMessage, UndoStep


def record(
    *,
    account_id: int,
    title: str,
    moves: Sequence[tuple[int, int, Sequence[int]]] = (),
    flags: Sequence[tuple[int, Sequence[int], int, int]] = (),
) -> UndoStep:
    """Remember how to take an action back.

    `moves`: (mailbox the messages are in now, mailbox to put them back into, message ids).
    `flags`: (mailbox, UIDs, bits to set, bits to clear).
    """
    return UndoStep.objects.create(
        account_id=account_id,
        title=title[:200],
        moves=[[now_in, back_to, list(ids)] for now_in, back_to, ids in moves],
        flags=[[mailbox_id, list(uids), add, remove] for mailbox_id, uids, add, remove in flags],
    )


def latest(account_id: int) -> UndoStep | None:
    """The newest step that can still be undone."""
    return UndoStep.objects.filter(account_id=account_id, done_at=None).order_by("-at").first()


def undo(*, account_id: int, step_id: int) -> str:
    """Take one action back and say which. Messages that have gone elsewhere since stay there. Raises NotFound."""
    with transaction.atomic():
        step = UndoStep.objects.select_for_update().filter(account_id=account_id, pk=step_id, done_at=None).first()
        if step is None:
            raise NotFound("This can no longer be undone.")
        for now_in, back_to, ids in step.moves:
            entries = MailboxMessage.objects.filter(account_id=account_id, mailbox_id=now_in, message_id__in=ids)
            uids = list(entries.values_list("uid", flat=True))
            messages.move(account_id=account_id, mailbox_id=now_in, uids=uids, target_id=back_to)
        for mailbox_id, uids, add, remove in step.flags:
            messages.set_flags(account_id=account_id, mailbox_id=mailbox_id, uids=uids, add=add, remove=remove)
        step.done_at = timezone.now()
        step.save(update_fields=["done_at"])
    return step.title
