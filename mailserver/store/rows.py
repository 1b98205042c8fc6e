"""Many new rows of a table in one statement, a parameter for each column: a value each would cost more than the row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailserver.store.arrays import Kind, kind_of, packed
from mailserver.store.exchange import Asked, Exchange

# JSON has no such values; PostgreSQL reads them from text.
_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "bytea": lambda value: "\\x" + bytes(value).hex(),
    "timestamptz": lambda value: str(value.isoformat()),
    "int4multirange": str,
}


@dataclass(frozen=True)
class Table:
    """Where `insert` puts rows. `columns`: name → PostgreSQL type, in the order of the values; those left out get the
    database's default. Names are written into the statement as they are.
    """

    name: str
    columns: Mapping[str, str]
    # What follows the rows in the statement.
    also: str = ""
    statement: str = field(init=False)
    written: Sequence[Callable[[Any], str] | None] = field(init=False)
    kinds: Sequence[Kind] = field(init=False)

    def __post_init__(self) -> None:
        kinds = {name: kind_of(kind) for name, kind in self.columns.items()}
        names = ", ".join(f'"{name}"' for name in kinds)
        # What is sent as text becomes what the column is.
        cast = ", ".join(f'"{name}"::{kind}' for name, kind in self.columns.items())
        sent = ", ".join(f"${number}::{kind.sent}[]" for number, kind in enumerate(kinds.values(), 1))
        object.__setattr__(
            self,
            "statement",
            f'INSERT INTO "{self.name}" ({names}) SELECT {cast} FROM unnest({sent}) AS x({names}) {self.also}',  # noqa: S608
        )
        object.__setattr__(self, "kinds", list(kinds.values()))
        object.__setattr__(self, "written", [_WRITTEN.get(kind) for kind in self.columns.values()])

    def records(self, rows: Iterable[Sequence[Any]]) -> str:
        """Rows as a JSON array of objects. Raises ValueError for what JSON cannot hold."""
        names, written = list(self.columns), [(at, write) for at, write in enumerate(self.written) if write]
        records = []
        for row in rows:
            record = dict(zip(names, row, strict=True))
            for at, write in written:
                if row[at] is not None:
                    record[names[at]] = write(row[at])
            records.append(record)
        return json.dumps(records)


def insert(exchange: Exchange, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Have `rows` inserted when the exchange is sent; nothing for none."""
    values = list(zip(*rows, strict=True))
    if values:
        exchange.add(table.statement, [packed(kind, items) for kind, items in zip(table.kinds, values, strict=True)])


def numbers(exchange: Exchange, tables: Sequence[str], count: int) -> Asked:
    """Ask for the next `count` ids of each table, ascending. They are used up even if nothing is inserted."""
    values = ", ".join(f"nextval('{table}_id_seq')" for table in tables)
    return exchange.add(f"SELECT {values} FROM generate_series(1, $1::int)", [count])  # noqa: S608
