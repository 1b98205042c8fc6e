"""A large mailbox to measure with: `python -m ops.fill_mailbox BENCH ADDRESS [--count 100000] [--times 5]`.

Runs with the environment of an instance (`CORREIO_DATA_DIR`), whose account ADDRESS is there. BENCH is the folder of
the corpus (`corpus.py`): its first messages, `count / times` of them, come into the Inbox, every third unread; the
others are copies of them with conversations, dates and search documents of their own, because that is quicker.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")

import django

_BATCH = 200
_COPIED = (
    *("account_id", "blob_id", "prefix", "size", "sent_at", "subject", "from_name", "from_address", "recipients"),
    *("message_id", "references", "preview", "has_attachments", "attachments", "envelope", "body", "bodystructure"),
    *("verdict", "parts", "header_block", "header", "header_cut", "parser_version", "surrogate_size"),
)
# The messages of a run of UIDs once more; their ids, conversations and dates in the order of the UIDs.
_COPY = f"""
INSERT INTO message (at, thread_id, {", ".join(f'"{name}"' for name in _COPIED)})
SELECT m.at + %(later)s, t.made, {", ".join(f'm."{name}"' for name in _COPIED)}
FROM mailboxmessage e JOIN message m ON m.id = e.message_id
JOIN unnest(%(known)s::bigint[], %(made)s::bigint[]) AS t (known, made) ON t.known = m.thread_id
WHERE e.mailbox_id = %(box)s AND e.uid BETWEEN %(first)s AND %(last)s ORDER BY e.uid
RETURNING id, thread_id, at, size
"""
_DOCUMENTS = """
INSERT INTO searchdocument (message_id, account_id, at, version, tsv)
SELECT n.id, d.account_id, n.at, d.version, d.tsv
FROM unnest(%(ids)s::bigint[], %(uids)s::int[]) AS x (id, uid)
JOIN message n ON n.id = x.id
JOIN mailboxmessage e ON e.mailbox_id = %(box)s AND e.uid = x.uid
JOIN searchdocument d ON d.message_id = e.message_id
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("bench", type=Path)
    options.add_argument("address")
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--times", type=int, default=5)
    known = options.parse_args()
    sys.path.insert(0, str(known.bench))
    django.setup()
    fill(importlib.import_module("corpus"), known.address, known.count, known.times)


def fill(corpus: Any, address: str, count: int, times: int) -> None:
    from django.db import connection

    from mailserver.services import searchindex
    from mailserver.store.models import Account, Mailbox

    account = Account.objects.get(address=address)
    box = account.mailboxes.get(special_use=Mailbox.Use.INBOX)
    own = count // times
    began = time.monotonic()
    for start in range(0, own, _BATCH):
        _store(corpus, account.pk, box.pk, range(start, min(start + _BATCH, own)))
    _said("stored", own, began)
    while searchindex.index():
        pass
    _said("indexed", own, began)
    span = timedelta(seconds=own * corpus.STEP)
    for again in range(1, times):
        for start in range(1, own + 1, _BATCH):
            _copy(box.pk, start, min(start + _BATCH - 1, own), again * span)
        _said("copied", own, began)
    searchindex.clean()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _said(what: str, count: int, began: float) -> None:
    print(f"{what} {count} messages, {time.monotonic() - began:.0f} s", flush=True)


def _store(corpus: Any, account_id: int, box_id: int, numbers: range) -> None:
    from mailserver.services import messages
    from mailserver.services.messages import Appended

    brought = [
        Appended(
            corpus.message(number),
            ("\\Seen",) if number % 3 else (),
            datetime.fromtimestamp(corpus.EPOCH + number * corpus.STEP, UTC),
        )
        for number in numbers
    ]
    messages.append_all(account_id, box_id, brought)


def _copy(box_id: int, first: int, last: int, later: timedelta) -> None:
    from django.db import connection

    from mailserver.store.models import MailboxMessage, Thread
    from mailserver.store.newentry import NewEntry
    from mailserver.store.writer import writing

    entries = MailboxMessage.objects.filter(mailbox_id=box_id, uid__range=(first, last)).order_by("uid")
    held = list(entries.values_list("uid", "thread_id", "flags"))
    threads = sorted({thread for _, thread, _ in held})
    with writing([box_id]) as writer, connection.cursor() as cursor:
        account_id = writer.boxes[box_id].account_id
        made = [one.pk for one in Thread.objects.bulk_create(Thread(account_id=account_id) for _ in threads)]
        values = {"box": box_id, "first": first, "last": last, "later": later, "known": threads, "made": made}
        cursor.execute(_COPY, values)
        rows = cursor.fetchall()
        ids = [row[0] for row in rows]
        writer.add(box_id, [NewEntry(*row, flags=flags) for row, (_, _, flags) in zip(rows, held, strict=True)])
        cursor.execute(_DOCUMENTS, {"ids": ids, "uids": [uid for uid, _, _ in held], "box": box_id})
        cursor.execute("DELETE FROM searchpending WHERE message_id = ANY(%s)", [ids])


if __name__ == "__main__":
    main()
