"""Many new rows of a table in one statement, by COPY: bound parameters would cost a place in the statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql


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


def copy(table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert `rows`; part of the caller's transaction. `columns`: name → PostgreSQL type, in the order of the values.

    Columns left out get the database's default. Raises django.db.DatabaseError, as any statement does.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
        cursor.copy(statement) as target,
    ):
        target.set_types(list(columns.values()))
        for row in rows:
            target.write_row(row)
