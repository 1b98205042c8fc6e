"""Pieces of text in subject, authors and recipients: all headers of the account are looked through, and then the
entries of what was found, each by its message, or all of the folder's together when that is most of it.

The headers are read from the index that has them, in its order (store/walks.py), and only once. What the planner
thinks of the condition decides nothing: it expects two messages where a piece of text is in all of them.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from mailserver.services.imapsearch_sql import Folder, Where, unpacked

_WAYS = ("enable_nestloop", "enable_sort", "enable_mergejoin", "enable_seqscan")
_SET = "SELECT " + ", ".join(f"set_config('{name}', %s, true)" for name in _WAYS)
# From this share of the folder on, an eighth, one by one takes longer than together.
_SHARE, _FEW = 8, 200

_FOUND = """
WITH f AS MATERIALIZED (
    SELECT m.id, {sure} AS sure FROM message m
    WHERE m.account_id BETWEEN %s AND %s AND ({sure} OR {doubtful}) ORDER BY m.account_id, m.id OFFSET 0
)
SELECT string_agg(int4send(q.uid), ''::bytea) FILTER (WHERE q.sure),
       string_agg(int4send(q.uid), ''::bytea) FILTER (WHERE NOT q.sure) FROM (
    SELECT e.uid, f.sure FROM f CROSS JOIN LATERAL (
        SELECT * FROM mailboxmessage x WHERE x.message_id = f.id OFFSET 0) e
    WHERE (SELECT count(*) FROM f) <= %s AND e.mailbox_id = %s AND e.account_id = %s AND {scope}
    UNION ALL
    SELECT e.uid, f.sure FROM (
        SELECT * FROM mailboxmessage x WHERE x.mailbox_id = %s AND x.account_id = %s OFFSET 0) e
    JOIN f ON f.id = e.message_id
    WHERE (SELECT count(*) FROM f) > %s AND {scope}) q
"""


def halves(folder: Folder, scope: Where, sure: Where, doubtful: Where) -> tuple[set[int], set[int]]:
    """The messages of `scope`, a condition of entries alone, for which `sure` holds, and those where only `doubtful`
    does; both are conditions of messages alone. Raises SearchTooSlow.
    """
    folder.check_time()
    few = max(_FEW, folder.total // _SHARE)
    place = folder.mailbox_id, folder.account_id
    values: list[Any] = [*sure.values, folder.account_id, folder.account_id, *sure.values, *doubtful.values]
    values += [few, *place, *scope.values, *place, few, *scope.values]
    statement = _FOUND.replace("{sure}", sure.sql).replace("{doubtful}", doubtful.sql).replace("{scope}", scope.sql)
    with connection.cursor() as cursor:
        cursor.execute(_SET, ["off"] * len(_WAYS))
        cursor.execute(statement, values)
        found = cursor.fetchone()
        cursor.execute(_SET, ["on"] * len(_WAYS))
    return unpacked(found[0]), unpacked(found[1])
