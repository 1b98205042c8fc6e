"""Reading stored messages again when the parser has learned something (PARSER_VERSION of mail/message.py).

What parsing fills is rewritten: lists, search and IMAP then say what they would say had the message come today. Its
octets, its conversation and its places in folders stay. A batch is one short transaction that holds its rows, and
several workers may work at once. No message is lost by a fault here: it keeps what was known of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from mailserver.mail import imapforms, structure
from mailserver.mail.imapforms import Forms
from mailserver.mail.message import PARSER_VERSION, parse
from mailserver.services import outage, parsed_columns, searchindex
from mailserver.store import blobs, summary
from mailserver.store.models import Message

# A batch ends with this many messages or octets.
BATCH, BATCH_OCTETS = 100, 8_000_000
# The worker also delivers: a backlog takes two of the fifteen seconds between two sweeps.
SWEEP = timedelta(seconds=2)
# Columns from which the search index and the conversation lines are made (services/searchindex.py, store/summary.py).
SEARCHED = ("subject", "from_name", "from_address", "recipients", "has_attachments", "attachments", "parts")
LISTED = ("subject", "from_name", "from_address", "preview", "has_attachments", "attachments")

_ABOVE_ALL = (1 << 63) - 1

logger = logging.getLogger(__name__)


def sweep() -> int:
    """Read again what an older parser read, newest messages first, at most for `SWEEP`; how many."""
    until, count, below = time.monotonic() + SWEEP.total_seconds(), 0, _ABOVE_ALL
    while done := read_again(below):
        count, below = count + len(done), done[-1]
        if time.monotonic() > until:
            break
    return count


@transaction.atomic
def read_again(below: int = _ABOVE_ALL) -> list[int]:
    """One batch of messages with ids below; their ids, descending. None when none is left, or others hold them."""
    taken = _within(BATCH_OCTETS, _outdated(below)[:BATCH])
    rewritten = [(row, new) for row in taken if (new := _rewrite(row))]
    searchindex.note([row.pk for row, new in rewritten if _differs(row, new, SEARCHED)])
    summary.refresh_now({row.thread_id for row, new in rewritten if _differs(row, new, LISTED)}, removed=False)
    return [row.pk for row in taken]


def forms_of(message: Message) -> Forms:
    """The IMAP forms of a message; made from its octets when it was stored before there were any. Raises NotFound."""
    if message.envelope is None or message.body is None or message.bodystructure is None:
        raw = blobs.read(message.blob_id)
        return imapforms.forms(raw, structure.scan(raw))
    return Forms(bytes(message.envelope), bytes(message.body), bytes(message.bodystructure))


def _outdated(below: int) -> QuerySet[Message]:
    """NO KEY: who files a copy of such a message does not wait."""
    rows = Message.objects.filter(parser_version__lt=PARSER_VERSION, pk__lt=below).order_by("-pk")
    locked = rows.select_for_update(skip_locked=True, no_key=True)
    return locked.only("blob_id", "thread_id", "prefix", "size", *{*SEARCHED, *LISTED})


def _within(octets: int, rows: Iterable[Message]) -> list[Message]:
    """The first of the rows, one at least."""
    taken: list[Message] = []
    for row in rows:
        octets -= row.size
        if taken and octets < 0:
            break
        taken.append(row)
    return taken


def _rewrite(row: Message) -> dict[str, object]:
    """What the row holds now. A message that cannot be read or written keeps what it had and is not tried again."""
    try:
        raw = blobs.read(row.blob_id)
        parsed = parse(raw)
        new = parsed_columns.values(parsed, raw)
        new["surrogate_size"] = parsed_columns.surrogate_size(parsed, bytes(row.prefix), len(raw))
        with transaction.atomic():
            Message.objects.filter(pk=row.pk).update(**new)
    except Exception as error:
        if outage.concerns_everybody(error):
            raise
        logger.exception("message %d cannot be read again", row.pk)
        Message.objects.filter(pk=row.pk).update(parser_version=PARSER_VERSION)
        return {}
    return new


def _differs(row: Message, new: dict[str, object], columns: Iterable[str]) -> bool:
    return any(getattr(row, column) != new[column] for column in columns)
