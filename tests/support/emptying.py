"""How the tables are emptied after a test that commits: row by row, 8 ms, where Django's TRUNCATE takes 300 ms.

TRUNCATE gives every table and index a new file, whether it held a row or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations


def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django's flush delete rows. Foreign keys are checked at the end of its transaction, so any order will do."""
    monkeypatch.setattr(DatabaseOperations, "sql_flush", _deletes)


def _deletes(operations: DatabaseOperations, _style: Any, tables: Iterable[str], **_options: bool) -> list[str]:
    return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]
