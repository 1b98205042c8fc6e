"""How the tables are emptied after a test that commits: row by row, 8 ms, where Django's TRUNCATE takes 300 ms.

TRUNCATE gives every table and index a new file, whether it held a row or not. What the migrations filled stays, so that
nothing has to be told that they ran: to make content types and permissions anew takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

FILLED_BY_MIGRATIONS = {"django_content_type", "auth_permission"}


def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django's flush delete rows. Foreign keys are checked at the end of its transaction, so any order will do."""
    monkeypatch.setattr(DatabaseOperations, "sql_flush", _deletes)
    monkeypatch.setattr(flush, "emit_post_migrate_signal", lambda *_: None)


def _deletes(operations: DatabaseOperations, _style: Any, tables: Iterable[str], **_options: bool) -> list[str]:
    """One statement, so that the server is asked once."""
    emptied = sorted(set(tables) - FILLED_BY_MIGRATIONS)
    return ["; ".join(f"DELETE FROM {operations.quote_name(table)}" for table in emptied)]
