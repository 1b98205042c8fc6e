"""Many new rows of a table in one statement, by COPY: bound parameters would cost a place in the statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection


@dataclass(frozen=True)
class Table:
    """Where `copy` puts rows. `columns`: name → PostgreSQL type, in the order of the values; those left out get the
    database's default. Names are written into the statement as they are.
    """

    name: str
    columns: Mapping[str, str]
    # Made once: psycopg asks libpq for the quotes of each name, which took a sixth of a group.
    statement: bytes = field(init=False)

    def __post_init__(self) -> None:
        names = ", ".join(f'"{column}"' for column in self.columns)
        object.__setattr__(self, "statement", f'COPY "{self.name}" ({names}) FROM STDIN (FORMAT BINARY)'.encode())


def numbers(table: str, count: int) -> list[int]:
    """The next `count` ids of a table, ascending, in one statement. They are used up even if nothing is inserted."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
        return [number for (number,) in cursor.fetchall()]


def copy(table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Insert `rows`; part of the caller's transaction. Raises django.db.DatabaseError, as any statement does."""
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
        cursor.copy(table.statement) as target,
    ):
        target.set_types(list(table.columns.values()))
        for row in rows:
            target.write_row(row)
