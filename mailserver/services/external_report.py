"""The proof at the end of an import: for each folder, what was read there against what lies here.

Both sides are SHA-256 over the fingerprints (Message-ID, size, digest) of all messages in order. What was read there
was noted when it came; what lies here is hashed anew by the database, from its octets.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from mailserver.mail.fingerprint import checksum, fingerprint
from mailserver.services import external_lease
from mailserver.services.external_lease import Held
from mailserver.store.models import ExternalFolder, ExternalMessage

# The database hashes so many messages in one statement, of 36 MB each at the most.
_PAGE = 100

HERE = """
SELECT m.message_id, b.size, sha256(b.raw)
FROM externalmessage x JOIN message m ON m.id = x.message_id JOIN blob b ON b.id = m.blob_id
WHERE x.id = ANY(%s) AND EXISTS (SELECT FROM mailboxmessage e WHERE e.message_id = m.id)
"""


def compare(held: Held, alive: Callable[[], None]) -> None:
    """Compare every folder that was not compared yet. Raises Lost."""
    for folder in ExternalFolder.objects.filter(external_id=held.external_id, compared_at__isnull=True, error=""):
        _compare(held, folder, alive)


def _compare(held: Held, folder: ExternalFolder, alive: Callable[[], None]) -> None:
    there: list[bytes] = []
    here: list[bytes] = []
    last = 0
    rows = ExternalMessage.objects.filter(folder=folder, uidvalidity=folder.uidvalidity, fingerprint__isnull=False)
    while page := list(rows.filter(id__gt=last).order_by("id").values_list("id", "fingerprint")[:_PAGE]):
        alive()
        last = page[-1][0]
        there += [bytes(one or b"") for _, one in page]
        with connection.cursor() as cursor:
            cursor.execute(HERE, [[number for number, _ in page]])
            here += [fingerprint(message_id, size, bytes(digest)) for message_id, size, digest in cursor]
    with transaction.atomic():
        external_lease.lock(held)
        ExternalFolder.objects.filter(pk=folder.pk).update(
            compared_at=timezone.now(),
            checksum_there=checksum(there),
            checksum_here=checksum(here),
            gone=len(there) - len(here),
        )
