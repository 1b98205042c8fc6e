"""Many rows of a table in one statement, a parameter for each column: a value each would cost more than the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailserver.store.arrays import Kind, kind_of, packed
from mailserver.store.exchange import Asked, Exchange


@dataclass(frozen=True)
class Table:
    """Where rows go. `columns`: name → PostgreSQL type, in the order of the values; those left out get the database's
    default, or stay. Names are written into the statements as they are.
    """

    name: str
    columns: Mapping[str, str]
    # What follows the new rows in the statement.
    also: str = ""
    statement: str = field(init=False)
    replacement: str = field(init=False)
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
        put = ", ".join(f'"{name}" = x."{name}"::{kind}' for name, kind in self.columns.items() if name != "id")
        object.__setattr__(
            self,
            "replacement",
            f'UPDATE "{self.name}" t SET {put} FROM unnest({sent}) AS x({names}) WHERE t.id = x.id',  # noqa: S608
        )
        object.__setattr__(self, "kinds", list(kinds.values()))

    def packed(self, rows: Iterable[Sequence[Any]]) -> list[bytes]:
        """The parameters, none for no rows."""
        values = list(zip(*rows, strict=True))
        return [packed(kind, items) for kind, items in zip(self.kinds, values, strict=True)] if values else []


def insert(exchange: Exchange, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Have `rows` inserted when the exchange is sent; nothing for none."""
    if values := table.packed(rows):
        exchange.add(table.statement, values)


def update(exchange: Exchange, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Have `rows` put in the place of those with their `id`, which are locked, when the exchange is sent."""
    if values := table.packed(rows):
        exchange.add(table.replacement, values)


def numbers(exchange: Exchange, tables: Sequence[str], count: int) -> Asked:
    """Ask for the next `count` ids of each table, ascending. They are used up even if nothing is inserted."""
    values = ", ".join(f"nextval('{table}_id_seq')" for table in tables)
    return exchange.add(f"SELECT {values} FROM generate_series(1, $1::int)", [count])  # noqa: S608
