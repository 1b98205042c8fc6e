"""Parts of statements that know their way: each table is walked along the one index that is meant for it.

Statistics may be of tables that were empty, or are empty now, and a plan is kept while they fill; what reads an index
from one end to the other costs nothing then, and minutes afterwards. So nothing is left to choose. OFFSET 0 keeps each
walk apart, a walk asks for the order that only its index has while sorting is off, what is changed is found by its
ctid, and there is no way to join but row by row. What a ctid tells holds as long as the statement: entries change
only under the lock of their mailbox, lines under that of their thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import connection

from mailserver.store.exchange import Exchange, Rows, Value, ends_here

_KEPT: Final = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}
_WAYS: Final = ("enable_sort", "enable_hashjoin", "enable_mergejoin", "enable_material")


def _set(values: Mapping[str, str]) -> str:
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())


_BEGIN: Final = _set(_KEPT | dict.fromkeys(_WAYS, "off"))
_END: Final = _set(dict.fromkeys(_WAYS, "on"))

# Those of an account's mailbox whose UIDs are in runs: $1 mailbox, $2 account, $3 first and $4 last of each.
ENTRIES: Final = """
FROM unnest($3::int[], $4::int[]) AS r(low, high), LATERAL (
    SELECT x.ctid, x.uid, x.thread_id, x.flags, x.keywords, x.modseq FROM mailboxmessage x
    WHERE x.mailbox_id = $1::bigint AND x.uid BETWEEN r.low AND r.high AND x.account_id = $2::bigint
    ORDER BY x.uid OFFSET 0) e
"""


def of_thread(table: str, columns: str, thread: str, also: str = "") -> str:
    """The rows of a conversation. Compared as a range: of what is equal the order would not matter."""
    return f"""(SELECT {columns} FROM {table} x WHERE x.thread_id BETWEEN {thread} AND {thread} {also}
        ORDER BY x.thread_id OFFSET 0)"""  # noqa: S608


def begin(exchange: Exchange) -> None:
    """Have what follows in the transaction planned like that."""
    exchange.add(_BEGIN)


def end(exchange: Exchange, *, last: bool) -> None:
    """What else the transaction has may sort and join again; with `last` nothing follows in the caller's block."""
    if not (last and ends_here()):
        exchange.add(_END)


def ask(statement: str, values: Sequence[Value]) -> Rows:
    """The answer to a question by itself, planned like that."""
    exchange = Exchange()
    begin(exchange)
    asked = exchange.add(statement, values)
    # Outside of any block the packet is a transaction of its own, and what was set ends with it.
    if connection.in_atomic_block:
        exchange.add(_END)
    exchange.send()
    return asked.rows
