"""Many things at once, though one of them may spoil it for all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from mailserver.services import outage

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


def by_halves(
    batch: Sequence[Item],
    together: Callable[[Sequence[Item]], Sequence[Result]],
    alone: Callable[[Item, Exception], Result],
) -> list[Result]:
    """What `together` makes of the batch, in order.

    When it fails, it is tried again with each half, so that the one at fault is alone in the end and harms no other:
    `alone` says what becomes of that one. `together` must leave nothing behind when it fails. Raises
    django.db.OperationalError or InterfaceError when the database is away or full, for then halves fare no better.
    """
    if not batch:
        return []
    try:
        return list(together(batch))
    except Exception as error:
        if outage.concerns_everybody(error):
            raise
        if len(batch) == 1:
            return [alone(batch[0], error)]
        logger.info("a group of %d cannot be taken together: %s", len(batch), type(error).__name__)
    half = len(batch) // 2
    return [*by_halves(batch[:half], together, alone), *by_halves(batch[half:], together, alone)]
