"""Trouble of the database in the words of the domain."""

from __future__ import annotations

from django.db import Error, InterfaceError, OperationalError, connection
from psycopg import errors

from mailserver.errors import StoreFull, Unavailable


def unavailable(error: Error) -> Unavailable:
    """What an error that is nobody's fault is called: StoreFull without room on the disk, else Unavailable."""
    if isinstance(error.__cause__, errors.DiskFull):
        return StoreFull("The disk of the database is full.")
    return Unavailable("The database does not answer.")


def concerns_everybody(error: Exception) -> bool:
    """Whether trying again with less would end the same: no room, or no connection."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    return isinstance(error.__cause__, errors.DiskFull) or not connection.is_usable()
