"""Mail of other servers by the group: one transaction for all, and an answer to each."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mailserver.services import inbound, outage, sendercheck
from mailserver.services.inbound import Incoming, Stored

logger = logging.getLogger(__name__)

# For each message: where it was filed, or why it was not.
Answer = Stored | Exception


def deliver(batch: Sequence[Incoming]) -> list[Answer]:
    """File messages as `sendercheck.deliver` would file each; the answers in order, after COMMIT.

    A group that fails is tried again by halves, so that the message at fault is alone in the end and harms no other.
    Raises django.db.OperationalError or InterfaceError when the database is away or full: then nothing is said about
    any message, and those of a half that was filed are recognised when they come again.
    """
    answers: dict[int, Answer] = {}
    taken: dict[int, Incoming] = {}
    for number, incoming in enumerate(batch):
        try:
            taken[number] = sendercheck.checked(incoming)
        except Exception as error:
            answers[number] = error
    answers |= zip(taken, _deliver(list(taken.values())), strict=True)
    return [answers[number] for number in range(len(batch))]


def _deliver(batch: Sequence[Incoming]) -> Sequence[Answer]:
    if not batch:
        return []
    try:
        return inbound.deliver_all(batch, within_quota=True)
    except Exception as error:
        if outage.concerns_everybody(error):
            raise
        if len(batch) == 1:
            return [error]
        logger.info("a group of %d messages cannot be filed together: %s", len(batch), type(error).__name__)
    half = len(batch) // 2
    return [*_deliver(batch[:half]), *_deliver(batch[half:])]
