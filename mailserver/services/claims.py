"""What messages say about us and our people, held against what we know: that they passed here, or answer somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import connection

from mailserver.store.models import Event

# A copy that the account wrote never came by delivery, so it has no trace in front; nor has what was imported, of which
# only what was sent there is the account's own.
ANSWERED = """
SELECT DISTINCT m.account_id, m.message_id
FROM unnest(%s::int[], %s::bigint[]) AS p(number, account_id)
JOIN unnest(%s::int[], %s::text[]) AS n(number, message_id) USING (number)
JOIN message m ON m.account_id = p.account_id AND m.message_id = n.message_id AND m.prefix = ''
WHERE NOT EXISTS (
    SELECT FROM externalmessage x JOIN externalfolder f ON f.id = x.folder_id
    WHERE x.message_id = m.id AND f.use NOT IN ('sent', 'drafts'))
"""


def passed(references: Collection[str]) -> set[str]:
    """Those of the numbers in our Received fields that we gave a message; in one statement, none for nothing."""
    if not references:
        return set()
    rows = Event.objects.filter(reference__in=references)
    return set(rows.values_list("reference", flat=True))


def written(named: Iterable[tuple[Collection[int], Collection[str]]]) -> set[tuple[int, str]]:
    """The (account, Message-ID) that an account itself wrote, of the accounts and Message-IDs of each message.

    In one statement, none for nothing. It grows with accounts + Message-IDs, not with their product.
    """
    asked = [(accounts, ids) for accounts, ids in named if accounts and ids]
    if not asked:
        return set()
    people = [(number, one) for number, (accounts, _) in enumerate(asked) for one in accounts]
    names = [(number, one) for number, (_, ids) in enumerate(asked) for one in ids]
    columns = [list(column) for pairs in (people, names) for column in zip(*pairs, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(ANSWERED, columns)
        return {(account_id, message_id) for account_id, message_id in cursor}
