"""How often each word came in spam and in other mail, for each account on its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection
from django.utils import timezone

from mailserver.mail.spam.bayes import Count
from mailserver.store.exchange import Asked, Exchange, Later, array
from mailserver.store.models import SpamTotal, SpamWord

# 100 octets each, with their index.
MOST_WORDS = 50_000
# So many go beyond the bound at once, or every lesson would count and delete.
SPARE = 5_000

_ADD = """
INSERT INTO spamword AS w (account_id, token, spam, ham, seen_on)
SELECT %(account)s, token, greatest(0, %(spam)s), greatest(0, %(ham)s), %(today)s
FROM unnest(%(tokens)s::bigint[]) AS token
ON CONFLICT (account_id, token) DO UPDATE
SET spam = greatest(0, w.spam + %(spam)s), ham = greatest(0, w.ham + %(ham)s), seen_on = %(today)s
"""

# By hand: every group of messages asks it, and Django took longer to write it than PostgreSQL to answer.
_TOTALS = "SELECT account_id, spam, ham FROM spamtotal WHERE account_id = ANY($1::bigint[])"

_FIND = """
SELECT w.account_id, w.token, w.spam, w.ham
FROM unnest($1::bigint[], $2::bigint[]) AS n(account_id, token) JOIN spamword w USING (account_id, token)
"""

# The words that say least: those of few messages, the oldest first.
_PRUNE = """
DELETE FROM spamword WHERE account_id = %(account)s AND token IN (
    SELECT token FROM spamword WHERE account_id = %(account)s
    ORDER BY spam + ham, seen_on, token LIMIT %(count)s)
"""


def totals(exchange: Exchange, account_ids: Collection[int]) -> Later[dict[int, Count]]:
    """Ask how many messages each account has learned from; accounts that never did are left out."""
    asked = exchange.add(_TOTALS, [array(account_ids)]) if account_ids else Asked()
    return lambda: {account_id: Count(spam, ham) for account_id, spam, ham in asked.rows}


def counts(exchange: Exchange, wanted: Mapping[int, Collection[int]]) -> Later[Mapping[int, dict[int, Count]]]:
    """Ask for the counts of those tokens that an account knows, by account, as are the tokens wanted."""
    pairs = [(account_id, token) for account_id, tokens in wanted.items() for token in tokens]
    asked = exchange.add(_FIND, [array(column) for column in zip(*pairs, strict=True)]) if pairs else Asked()

    def answer() -> Mapping[int, dict[int, Count]]:
        found: dict[int, dict[int, Count]] = defaultdict(dict)
        for account_id, token, spam, ham in asked.rows:
            found[account_id][token] = Count(spam, ham)
        return found

    return answer


def hold(account_id: int) -> Count:
    """Lock an account's words for this transaction; how many messages it has learned from."""
    SpamTotal.objects.bulk_create([SpamTotal(account_id=account_id)], ignore_conflicts=True)
    total = SpamTotal.objects.select_for_update(no_key=True).get(account_id=account_id)
    return Count(total.spam, total.ham)


def add(account_id: int, tokens: Collection[int], *, spam: int, ham: int) -> None:
    """Count one message more (1) or less (-1) of a kind, for words that `hold` has locked."""
    values: dict[str, Any] = {
        "account": account_id,
        "tokens": sorted(tokens),
        "spam": spam,
        "ham": ham,
        "today": timezone.now().date(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ADD, values)
        cursor.execute(
            "UPDATE spamtotal SET spam = greatest(0, spam + %s), ham = greatest(0, ham + %s) WHERE account_id = %s",
            [spam, ham, account_id],
        )


def prune(account_id: int, *, most: int = MOST_WORDS, spare: int = SPARE) -> int:
    """Forget the least telling words of an account above `most` + `spare`; how many."""
    excess = SpamWord.objects.filter(account_id=account_id).count() - most
    if excess <= spare:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, {"account": account_id, "count": excess})
        return int(cursor.rowcount)
