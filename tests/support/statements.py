"""How many statements go to the database, COPY included, which Django does not count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of the block, as they are executed; `executemany` counts as one for each row."""
    seen: list[str] = []

    def watch(name: str) -> None:
        real = getattr(psycopg.Cursor, name)

        def watched(cursor, query, *arguments, **options):
            rows = len(arguments[0]) if name == "executemany" else 1
            seen.extend([str(query)] * rows)
            return real(cursor, query, *arguments, **options)

        patch.setattr(psycopg.Cursor, name, watched)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany", "copy"):
            watch(name)
        yield seen
