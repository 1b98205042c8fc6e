"""Statements that go to the database in one packet, prepared once on each connection.

Waiting for an answer costs both sides more than most answers do, and so does planning a statement anew. psycopg's own
pipeline waits after each statement for what may have come, which took most of the time of a delivery; so this speaks
to libpq (its documentation: "Pipeline Mode"), through psycopg's wrapper of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.abc import Transformer as Reader
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

Result = TypeVar("Result")
Wanted = TypeVar("Wanted")
# What a question is answered with once its exchange was sent.
Later = Callable[[], Result]
# Octets go as they are, all else as PostgreSQL writes it.
Value = bytes | str | int
Rows = Sequence[tuple[Any, ...]]

# Goes first in a transaction. Its statements are planned once on each connection, and the plans must still hold when a
# table that was empty has a million rows.
KEEP_PLANS = (
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)"
)

_BYTEA = 17
_LENGTH = struct.Struct("!i")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)
# What each connection has prepared.
_numbers = count()
_prepared: WeakKeyDictionary[psycopg.Connection[Any], set[str]] = WeakKeyDictionary()


class Asked:
    """A statement that was noted; `rows` are its answer once the exchange was sent."""

    rows: Rows = ()


_Noted = tuple[str, Sequence[Value], Asked]
_Statements = Sequence[tuple[str, Sequence[Value]]]
# Name, values and their formats.
_Written = tuple[bytes, list[bytes], list[Format]]


class Exchange:
    """`add` takes note of statements with their values for $1, $2 …

    `send` runs them in that order, each with a snapshot of its own as always.
    """

    def __init__(self) -> None:
        self._noted: list[_Noted] = []
        self._failed: Exception | None = None

    def add(self, statement: str, values: Sequence[Value] = ()) -> Asked:
        asked = Asked()
        self._noted.append((statement, values, asked))
        return asked

    def send(self, *, last: bool = False, then: Exchange | None = None) -> None:
        """Run what was noted since; part of the caller's transaction, and outside of any it is one of its own.

        The first that fails stops those after it. Raises django.db.DatabaseError, as any statement does. With `last`
        nothing follows before the end of the caller's block: if that is where the transaction ends, COMMIT goes along,
        and after it what `then` has noted, as a transaction of its own. Send that one too, after the block: it raises
        what went wrong with it on the way, and does nothing more unless it had to stay behind.
        """
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        noted = self._take()
        if not noted:
            return
        # `connection` looks the thread's up each time.
        own = connections[DEFAULT_DB_ALIAS]
        own.ensure_connection()
        ends = last and ends_here()
        after = then._take() if then is not None and ends else []
        with own.wrap_database_errors:
            answers, failure = _run(own.connection, _statements(noted), _statements(after), commit=ends)
        for (_, _, asked), rows in zip([*noted, *after], answers, strict=False):
            asked.rows = rows
        if failure is not None and then is not None:
            then._fail(failure)

    def _take(self) -> list[_Noted]:
        noted, self._noted = self._noted, []
        return noted

    def _fail(self, error: psycopg.Error) -> None:
        try:
            with connection.wrap_database_errors:
                raise error
        except DatabaseError as failure:
            self._failed = failure


def alone(question: Callable[[Exchange, Wanted], Later[Result]], wanted: Wanted) -> Result:
    """The answer to a question that shares its exchange with no other."""
    exchange = Exchange()
    answer = question(exchange, wanted)
    exchange.send()
    return answer()


def array(items: Iterable[int | str]) -> str:
    """Numbers or texts as PostgreSQL writes an array, for a value with `::bigint[]` or `::text[]` behind it."""
    return f"{{{','.join([str(item) if isinstance(item, int) else _quoted(item) for item in items])}}}"


def octets(items: Sequence[bytes]) -> bytes:
    """The same for `::bytea[]`, in PostgreSQL's binary format: dimensions, no NULL, type; length and first index."""
    head = struct.pack("!iiIii", 1, 0, _BYTEA, len(items), 1) if items else struct.pack("!iiI", 0, 0, _BYTEA)
    return head + b"".join(part for item in items for part in (_LENGTH.pack(len(item)), item))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ends_here() -> bool:
    """Whether the block that the caller is in is the outermost, and will COMMIT."""
    return len(connection.atomic_blocks) == 1 and not connection.savepoint_ids and not connection.needs_rollback


def _statements(noted: Sequence[_Noted]) -> _Statements:
    return [(statement, values) for statement, values, _ in noted]


def _run(
    link: psycopg.Connection[Any], statements: _Statements, after: _Statements, *, commit: bool
) -> tuple[list[Rows], psycopg.Error | None]:
    """The answers to `statements` and then to `after`, which follow the COMMIT, or why the latter failed."""
    ready = _prepared.setdefault(link, set())
    fresh = dict.fromkeys(statement for statement, _ in [*statements, *after] if statement not in ready)
    # Before the first is sent: what cannot be written must not leave a pipeline half full.
    written, follow = _all_written(statements), _all_written(after)
    with link.lock:
        wire = link.pgconn
        begins = not link.autocommit and wire.transaction_status == TransactionStatus.IDLE
        wire.enter_pipeline_mode()
        try:
            if begins:
                wire.send_query_params(b"BEGIN", None)
            for statement in fresh:
                wire.send_prepare(_name(statement), statement.encode())
            _send_all(wire, written)
            if commit:
                wire.send_query_params(b"COMMIT", None)
            wire.pipeline_sync()
            if follow:
                _send_all(wire, follow)
                wire.pipeline_sync()
            results, following = link.wait(_results(wire, 1 + bool(follow)))
        finally:
            if wire.status == psycopg.pq.ConnStatus.OK:
                wire.exit_pipeline_mode()
    results = results[int(begins) :]
    ready.update(statement for statement, result in zip(fresh, results, strict=False) if result.status not in _FAILED)
    if failure := _failure(results):
        raise failure
    answers = _answers(link, results[len(fresh) : len(fresh) + len(statements)])
    failure = _failure(following)
    return (answers if failure else answers + _answers(link, following)), failure


def _failure(results: Iterable[PGresult]) -> psycopg.Error | None:
    """The error of the first that failed."""
    return next((errors.error_from_result(result) for result in results if result.status in _FAILED), None)


def _answers(link: psycopg.Connection[Any], results: Iterable[PGresult]) -> list[Rows]:
    reader = Transformer(link)
    return [_rows(reader, result) for result in results]


def _all_written(statements: _Statements) -> Sequence[_Written]:
    """Raises UnicodeEncodeError."""
    return [(_name(statement), *_written(values)) for statement, values in statements]


def _send_all(wire: PGconn, written: Sequence[_Written]) -> None:
    for name, sent, formats in written:
        wire.send_query_prepared(name, sent, formats, Format.BINARY)


def _written(values: Sequence[Value]) -> tuple[list[bytes], list[Format]]:
    sent = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    return sent, [Format.BINARY if isinstance(value, bytes) else Format.TEXT for value in values]


@lru_cache(maxsize=1000)
def _name(statement: str) -> bytes:
    return b"exchange_%d" % next(_numbers)


def _results(wire: PGconn, syncs: int) -> PQGen[tuple[list[PGresult], list[PGresult]]]:
    """All that is sent goes out, and all answers come in: those up to the first sync, and those up to the second."""
    while wire.flush():
        ready = yield Wait.RW
        if ready & Ready.R:
            wire.consume_input()
    results: tuple[list[PGresult], list[PGresult]] = ([], [])
    synced = 0
    while synced < syncs:
        while wire.is_busy():
            yield Wait.R
            wire.consume_input()
        result = wire.get_result()
        if result is None:
            continue
        if result.status == ExecStatus.PIPELINE_SYNC:
            synced += 1
        else:
            results[synced].append(result)
    return results


def _rows(reader: Reader, result: PGresult) -> Rows:
    if result.status != ExecStatus.TUPLES_OK or not result.ntuples:
        return ()
    reader.set_pgresult(result, format=Format.BINARY)
    return reader.load_rows(0, result.ntuples, tuple)
