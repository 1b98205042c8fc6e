"""What goes over the wire, read for many messages at once: the letters of claims, and the octets of small ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mailserver.mail import tlsrequired
from mailserver.net.smtp_results import Outgoing
from mailserver.services.queue import Claim
from mailserver.store import blobs
from mailserver.store.exchange import Exchange, array

# A message of at most so many octets is small, and so many of small ones are read together.
SMALL = 64 * 1024
TOGETHER = 1024 * 1024


# Octets come in PostgreSQL's binary format: as text, and in models, they cost three times as much.
LETTERS = """
SELECT id, sender, prefix, size, eight_bit, smtputf8, require_tls, envelope_id, full_return, blob_id
FROM queueentry WHERE id = ANY($1::bigint[])
"""
STORED = "SELECT id, raw FROM blob WHERE id = ANY($1::bigint[])"


class Letter(NamedTuple):
    """What a delivery needs to know of a QueueEntry; `size` is in octets."""

    id: int
    sender: str
    prefix: bytes
    size: int
    eight_bit: bool
    smtputf8: bool
    require_tls: bool
    envelope_id: str
    full_return: bool | None
    blob_id: int


def letters_of(claims: Iterable[Claim]) -> dict[int, Letter]:
    """By the id of the entry; those that are gone are missing."""
    exchange = Exchange()
    asked = exchange.add(LETTERS, [array({claim.entry_id for claim in claims})])
    exchange.send()
    return {row[0]: Letter(*row) for row in asked.rows}


def contents(letters: Sequence[Letter]) -> dict[int, bytes]:
    """Entry id → octets. One that cannot be read is missing: the try of that message tells why."""
    exchange = Exchange()
    asked = exchange.add(STORED, [array({letter.blob_id for letter in letters})])
    exchange.send()
    stored: dict[int, bytes] = dict(asked.rows)
    return {letter.id: letter.prefix + stored[letter.blob_id] for letter in letters if letter.blob_id in stored}


def contents_of_each(wanted: Sequence[Sequence[Letter]]) -> list[dict[int, bytes]]:
    """The same for several who ask."""
    found = contents([letter for letters in wanted for letter in letters])
    return [{letter.id: found[letter.id] for letter in letters if letter.id in found} for letters in wanted]


def content(letter: Letter) -> bytes:
    """Raises NotFound."""
    return letter.prefix + blobs.read(letter.blob_id)


def first(letters: Iterable[Letter]) -> list[Letter]:
    """The small ones at the head that are read together."""
    chosen: list[Letter] = []
    octets = 0
    for letter in letters:
        octets += letter.size
        if letter.size > SMALL or (chosen and octets > TOGETHER):
            break
        chosen.append(letter)
    return chosen


def outgoing(letter: Letter, claim: Claim, octets: bytes) -> Outgoing:
    """The message as its next server is to hear of it."""
    return Outgoing(
        letter.sender,
        tuple(claimed.address for claimed in claim.recipients),
        octets,
        letter.eight_bit,
        letter.smtputf8,
        require_tls=letter.require_tls,
        tls_optional=tlsrequired.is_optional(octets),
        envelope_id=letter.envelope_id,
        full_return=letter.full_return,
        wishes={claimed.address: claimed.wishes for claimed in claim.recipients},
    )
