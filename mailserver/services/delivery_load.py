"""What goes over the wire, read for many messages at once: entries of a claim, and the octets of small messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailserver.mail import tlsrequired
from mailserver.net.smtp_results import Outgoing
from mailserver.services.queue import Claim
from mailserver.store import blobs
from mailserver.store.models import Blob, QueueEntry

# A message of at most so many octets is small, and so many of small ones are read together.
SMALL = 64 * 1024
TOGETHER = 1024 * 1024


def entries_of(claims: Iterable[Claim]) -> dict[int, QueueEntry]:
    """By id; those that are gone are missing."""
    found: dict[int, QueueEntry] = QueueEntry.objects.in_bulk({claim.entry_id for claim in claims})
    return found


def contents(entries: Sequence[QueueEntry]) -> dict[int, bytes]:
    """Entry id → octets. One that cannot be read is missing: the try of that message tells why."""
    stored = dict(Blob.objects.filter(pk__in={entry.blob_id for entry in entries}).values_list("pk", "raw"))
    return {
        entry.pk: bytes(entry.prefix) + bytes(stored[entry.blob_id]) for entry in entries if entry.blob_id in stored
    }


def contents_of_each(wanted: Sequence[Sequence[QueueEntry]]) -> list[dict[int, bytes]]:
    """The same for several who ask."""
    found = contents([entry for entries in wanted for entry in entries])
    return [{entry.pk: found[entry.pk] for entry in entries if entry.pk in found} for entries in wanted]


def content(entry: QueueEntry) -> bytes:
    """Raises NotFound."""
    return bytes(entry.prefix) + blobs.read(entry.blob_id)


def first(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    """The small ones at the head that are read together."""
    chosen: list[QueueEntry] = []
    octets = 0
    for entry in entries:
        octets += entry.size
        if entry.size > SMALL or (chosen and octets > TOGETHER):
            break
        chosen.append(entry)
    return chosen


def outgoing(entry: QueueEntry, claim: Claim, octets: bytes) -> Outgoing:
    """The message as its next server is to hear of it."""
    return Outgoing(
        entry.sender,
        tuple(claimed.address for claimed in claim.recipients),
        octets,
        entry.eight_bit,
        entry.smtputf8,
        require_tls=entry.require_tls,
        tls_optional=tlsrequired.is_optional(octets),
        envelope_id=entry.envelope_id,
        full_return=entry.full_return,
        wishes={claimed.address: claimed.wishes for claimed in claim.recipients},
    )
