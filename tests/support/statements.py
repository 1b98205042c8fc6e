"""How many statements go to the database, COPY and exchanges included, which Django does not count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from mailserver.store.exchange import Exchange


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of the block, as they are executed; `executemany` counts as one for each row."""
    seen: list[str] = []

    def watch(kind: type, name: str) -> None:
        real = getattr(kind, name)

        def watched(self, query, *arguments, **options):
            rows = len(arguments[0]) if name == "executemany" else 1
            seen.extend([str(query)] * rows)
            return real(self, query, *arguments, **options)

        patch.setattr(kind, name, watched)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany", "copy"):
            watch(psycopg.Cursor, name)
        watch(Exchange, "add")
        yield seen
