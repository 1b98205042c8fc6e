"""Filling the search index, after the 250 and in batches.

A trigger on `message` notes each new message in SearchPending, in the transaction that stores it; a sweep turns those
rows into documents. A row goes in the transaction that writes the document, so a worker that dies costs nothing; the
rows of one batch are locked meanwhile, so several may work at once. Documents of an older version of mail/lexemes.py
are made anew when nothing else waits.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.mail import bodies, charset, htmltext, lexemes, structure
from mailserver.services import messages
from mailserver.store import blobs
from mailserver.store.models import Account, MailboxMessage, Message
from mailserver.store.writer import VANISHED_FOR

# A batch ends with this many messages, or octets of their words: a message has a thousand, a hostile one a million.
BATCH, BATCH_OCTETS = 200, 8_000_000
# The worker also delivers: indexing a backlog takes two of the five seconds between two sweeps.
SWEEP = timedelta(seconds=2)
# Messages of so many octets, most mail, are read with the others of their batch: a statement for each costs more than
# the index of its words does.
_SMALL = 32 * 1024
# Octets of text read of one message, as far as the index takes letters of one octet.
MAX_TEXT = lexemes.MAX_TEXT
# A text part this short often says only that the HTML has the message.
_SHORT = 400
# Expunges of this long are looked at by each sweep; documents of older ones go with their message a day later.
_LATELY = timedelta(minutes=15)
# Documents that one sweep takes away at most: 0.1 s.
FORGET_MOST = 5000

CLAIM = """
SELECT message_id FROM searchpending ORDER BY message_id DESC LIMIT %s FOR UPDATE SKIP LOCKED
"""

OUTDATED = "SELECT message_id FROM searchdocument WHERE version < %s LIMIT %s FOR UPDATE SKIP LOCKED"

WRITE = """
INSERT INTO searchdocument (message_id, account_id, at, version, tsv)
SELECT message_id, account_id, at, %s, words::tsvector
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[]) AS x (message_id, account_id, at, words)
ON CONFLICT (message_id) DO UPDATE SET
    account_id = excluded.account_id, at = excluded.at, version = excluded.version, tsv = excluded.tsv
"""

DONE = "DELETE FROM searchpending WHERE message_id = ANY(%s)"

DROP = "DELETE FROM searchdocument WHERE message_id = ANY(%s)"

FORGET = """
DELETE FROM searchdocument WHERE message_id = ANY(ARRAY(
    SELECT d.message_id FROM vanished v JOIN searchdocument d ON d.message_id = v.message_id
    WHERE v.until >= %s AND NOT EXISTS (SELECT FROM mailboxmessage e WHERE e.message_id = v.message_id) LIMIT %s))
"""

AGAIN = """
INSERT INTO searchpending (message_id, account_id)
SELECT id, account_id FROM message WHERE %(account)s::bigint IS NULL OR account_id = %(account)s
ON CONFLICT DO NOTHING
"""

# An indexer that has just read the old text holds its note and will remove it: wait for that, and note it again.
NOTE = """
INSERT INTO searchpending (message_id, account_id) SELECT id, account_id FROM message WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (message_id) DO UPDATE SET account_id = excluded.account_id
"""

_COLUMNS = ("account_id", "at", "subject", "from_name", "from_address", "recipients", "has_attachments")
_READ = ("attachments", "parts", "blob_id")
# Columns that `vector` needs with `whole` or `glance`.
GLANCED = (*_COLUMNS, *_READ, "preview")

logger = logging.getLogger(__name__)


def sweep() -> int:
    """Index what waits, at most for `SWEEP`, and forget what was expunged; how many messages were taken up."""
    until, count = time.monotonic() + SWEEP.total_seconds(), 0
    while found := index(until=until):
        count += found
        if time.monotonic() > until:
            break
    if forget_expunged() or count:
        clean()
    return count


def again(address: str | None = None) -> int:
    """Have the messages of one account, or all, indexed anew; how many. They stay findable meanwhile.

    Raises NotFound.
    """
    account_id = None
    if address is not None:
        account_id = Account.objects.filter(address__iexact=address).values_list("pk", flat=True).first()
        if account_id is None:
            raise NotFound(f"There is no account {address}.")
    with connection.cursor() as cursor:
        cursor.execute(AGAIN, {"account": account_id})
        return int(cursor.rowcount)


def note(message_ids: Sequence[int]) -> None:
    """Have messages indexed anew whose text as people read it has changed; part of the caller's transaction."""
    if message_ids:
        with connection.cursor() as cursor:
            cursor.execute(NOTE, [list(message_ids)])


def index(limit: int = BATCH, *, until: float = math.inf) -> int:
    """Make the documents of one batch, newest messages first; how many messages were taken up, 0 when none waits.

    `until`: the moment of `time.monotonic` behind which no further message is read.
    """
    with transaction.atomic():
        claimed = _claim(limit)
        rows = list(_readable(claimed)) if claimed else []
        gone = set(claimed) - {row.pk for row in rows}
        documents = _documents(rows, until)
        _write(documents)
        done = gone.union(row.pk for row, _ in documents)
        with connection.cursor() as cursor:
            cursor.execute(DROP, [sorted(gone)])
            cursor.execute(DONE, [sorted(done)])
    return len(done)


def forget_expunged() -> int:
    """Remove the documents of messages that were lately expunged from their last folder; how many."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [timezone.now() + VANISHED_FOR - _LATELY, FORGET_MOST])
        return int(cursor.rowcount)


def clean() -> None:
    """Sort waiting documents into the index: until then each search reads them one by one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('searchdocument_tsv')")


def _claim(limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [limit])
        claimed = [message_id for (message_id,) in cursor.fetchall()]
        if not claimed:
            cursor.execute(OUTDATED, [lexemes.VERSION, limit])
            claimed = [message_id for (message_id,) in cursor.fetchall()]
    return claimed


def _readable(message_ids: Sequence[int]) -> QuerySet[Message]:
    """The messages that lie in a folder: what was expunged meanwhile is not indexed."""
    entries = MailboxMessage.objects.filter(message_id=OuterRef("pk"))
    return Message.objects.filter(Exists(entries), pk__in=message_ids).only(*_COLUMNS, *_READ).order_by("-pk")


def _documents(rows: Sequence[Message], until: float) -> list[tuple[Message, str]]:
    """The first of the messages, one at least, with their vectors."""
    documents: list[tuple[Message, str]] = []
    octets = 0
    raws = blobs.read_small((row.blob_id for row in rows), _SMALL)
    for row in rows:
        documents.append((row, vector(row, partial(whole, raw=raws.get(row.blob_id)))))
        octets += len(documents[-1][1])
        if octets > BATCH_OCTETS or time.monotonic() > until:
            break
    return documents


def _write(documents: Sequence[tuple[Message, str]]) -> None:
    """Write the documents, one by one when PostgreSQL refuses one, and of that one only whose it is."""
    try:
        with transaction.atomic():
            _insert(documents)
    except DatabaseError as refusal:
        if len(documents) > 1:
            for document in documents:
                _write([document])
            return
        ((row, _),) = documents
        _insert([(row, f"'{lexemes.account(row.account_id)}'")])
        logger.error("message %s is not indexed, the database does not take its words: %s", row.pk, refusal)


def _insert(documents: Sequence[tuple[Message, str]]) -> None:
    if not documents:
        return
    rows, vectors = zip(*documents, strict=True)
    columns = ([row.pk for row in rows], [row.account_id for row in rows], [row.at for row in rows], list(vectors))
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [lexemes.VERSION, *columns])


def vector(row: Message, text: Callable[[Message], str]) -> str:
    """The words of a message and its `text`; of one that cannot be read, those of subject and sender."""
    try:
        return lexemes.vector(_described(row, text(row)))
    except DatabaseError:
        raise
    except Exception:
        logger.exception("the text of message %s is not indexed, it cannot be read", row.pk)
    sender = f"{row.from_name} {row.from_address}"
    return lexemes.vector(lexemes.Document(row.account_id, row.at, row.subject, sender, ""))


def glance(row: Message) -> str:
    """Names of attached files and the beginning of the text, as far as the row itself has them."""
    return f"{_names(row)}\n{row.preview}"


def _described(row: Message, text: str) -> lexemes.Document:
    people = [f"{name} {address}" for kind in ("to", "cc", "bcc") for name, address in row.recipients.get(kind, ())]
    return lexemes.Document(
        account_id=row.account_id,
        at=row.at,
        subject=row.subject,
        sender=f"{row.from_name} {row.from_address}",
        recipients=", ".join(people),
        text=text,
        has_attachments=row.has_attachments,
    )


def whole(row: Message, *, raw: bytes | None = None) -> str:
    """Names of attached files and the text, that of HTML where there is little else. Raises NotFound, and more.

    `raw`: the octets of the message where they are at hand.
    """
    found = bodies.select(structure.from_json(row.parts))
    text = _read(row, found.plain, raw)
    if len(text) < _SHORT:
        text = "\n".join((text, _read(row, [part for part in found.html if part not in found.plain], raw)))
    return f"{_names(row)}\n{text}"


def _names(row: Message) -> str:
    return "\n".join(str(attachment[0]) for attachment in row.attachments)


def _read(row: Message, parts: Sequence[structure.Part], raw: bytes | None) -> str:
    wanted = [part for part in parts if part.type in ("text/plain", "text/html")]
    texts = []
    for part, octets in zip(wanted, messages.contents(row, wanted, limit=MAX_TEXT, raw=raw), strict=True):
        text = charset.decode(octets, part.charset)
        texts.append(htmltext.quick(text, quotes=True) if part.type == "text/html" else text)
    return "\n".join(texts)
