"""Rows that the tests of a module share and only read: written once, in a transaction that is taken back in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def lasting(blocker: Any) -> Iterator[None]:
    """What is written inside is seen by the tests until the block ends; call `settle` before the first of them."""
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def settle() -> None:
    """Check the foreign keys now: those of all these rows would be checked again at the end of each test."""
    connection.check_constraints()
