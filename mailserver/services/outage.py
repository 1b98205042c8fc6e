"""Trouble of the database in the words of the domain."""

from __future__ import annotations

from django.db import Error, InterfaceError, OperationalError, connection
from psycopg import errors

from mailserver.errors import SearchTooSlow, StoreFull, Unavailable


def unavailable(error: Error) -> Unavailable:
    """What an error that is nobody's fault is called: StoreFull without room on the disk, SearchTooSlow for a statement
    that was stopped, else Unavailable.
    """
    if isinstance(error.__cause__, errors.DiskFull):
        return StoreFull("The disk of the database is full.")
    if isinstance(error.__cause__, errors.QueryCanceled):
        return SearchTooSlow("This takes longer than it may. Ask for less at a time.")
    return Unavailable("The database does not answer.")


def concerns_everybody(error: Exception) -> bool:
    """Whether trying again with less would end the same: no room, or no connection."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    return isinstance(error.__cause__, errors.DiskFull) or not connection.is_usable()
