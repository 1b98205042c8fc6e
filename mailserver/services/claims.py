"""What messages say about us and our people, held against what we know: that they passed here, or answer somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mailserver.store.exchange import Asked, Exchange, Later, array

# Only rows with a reference are in its index.
PASSED = "SELECT DISTINCT reference FROM event WHERE reference = ANY($1::text[]) AND reference <> ''"

# A copy that the account wrote never came by delivery, so it has no trace in front; nor has what was imported, of which
# only what was sent there is the account's own.
ANSWERED = """
SELECT DISTINCT m.account_id, m.message_id
FROM unnest($1::int[], $2::bigint[]) AS p(number, account_id)
JOIN unnest($3::int[], $4::text[]) AS n(number, message_id) USING (number)
JOIN message m ON m.account_id = p.account_id AND m.message_id = n.message_id AND m.prefix = ''
WHERE NOT EXISTS (
    SELECT FROM externalmessage x JOIN externalfolder f ON f.id = x.folder_id
    WHERE x.message_id = m.id AND f.use NOT IN ('sent', 'drafts'))
"""


def passed(exchange: Exchange, references: Collection[str]) -> Later[set[str]]:
    """Ask which of the numbers in our Received fields we gave a message; nothing for none."""
    asked = exchange.add(PASSED, [array(references)]) if references else Asked()
    return lambda: {reference for (reference,) in asked.rows}


def written(
    exchange: Exchange, named: Iterable[tuple[Collection[int], Collection[str]]]
) -> Later[set[tuple[int, str]]]:
    """Ask for the (account, Message-ID) that an account itself wrote, of the accounts and Message-IDs of each message.

    Nothing for none. The question grows with accounts + Message-IDs, not with their product.
    """
    asked = [(accounts, ids) for accounts, ids in named if accounts and ids]
    people = [(number, one) for number, (accounts, _) in enumerate(asked) for one in accounts]
    numbers = [number for number, (_, ids) in enumerate(asked) for _ in ids]
    names = [one for _, ids in asked for one in ids]
    found = (
        exchange.add(ANSWERED, [*map(array, zip(*people, strict=True)), array(numbers), array(names)])
        if asked
        else Asked()
    )
    return lambda: {(account_id, message_id) for account_id, message_id in found.rows}
