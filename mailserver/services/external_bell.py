"""Waking a worker for an import. The rows are the truth: the clock's look at what is due finds what no bell told of."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from kombu.exceptions import OperationalError
from redis import RedisError

from mailserver.services.queue_bell import send

TASK = "mailserver.tasks.import_external"

logger = logging.getLogger(__name__)


def wake(*external_ids: int) -> None:
    """Once the surrounding transaction is committed, have workers look at these imports."""
    transaction.on_commit(lambda: _ring(external_ids))


def _ring(external_ids: Sequence[int]) -> None:
    try:
        send(TASK, external_ids)
    except (OperationalError, RedisError) as error:
        logger.warning("workers not woken for imports, the clock will find them: %s", error)
