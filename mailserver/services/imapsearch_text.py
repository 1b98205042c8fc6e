"""Words in the text of the messages of one folder, for BODY and TEXT of an IMAP search.

What is asked for is found in three steps, each taken only where the one before found nothing in the whole folder:

1. Its words, one behind the other, the last one also as the beginning of a longer word (from three letters on): the
   search index knows them. TEXT also finds what is asked for as it stands in subject, authors, To and Cc.
2. Pieces inside words: all documents of the folder are read, of at most 100,000 messages.
3. Of TEXT only, any other field: all headers are read, of as many.

What holds no letter or digit is looked for in every message, by reading it. Case and accents never count; between words
anything but letters and digits may stand (RFC 9051 §6.4.4 leaves that to the server). Read are the text parts, 256 KiB
of a message, and the names of attached files.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from mailserver.mail import lexemes, pieces
from mailserver.mail.searchterms import fold
from mailserver.services import imapsearch_headers, searchindex
from mailserver.services.imapsearch_sql import CHUNK, EVERY, Folder, Where, unpacked
from mailserver.store.models import Message

# Messages not indexed yet that are looked through, newest first, and for how many seconds their texts are read; of
# the others what their rows have: subject, people, names of files, the beginning.
WAITING, READING = 5000, 0.5
# Messages of a folder in which pieces are looked for: 10 µs each, and 13 for the header.
READ_MOST = 100_000

# Each document's entries by its message alone: with statistics of empty tables the planner would go through the whole
# folder for each.
HITS = """
WITH hit AS MATERIALIZED (
    SELECT message_id, account_id FROM searchdocument WHERE tsv @@ %(scoped)s::tsquery
)
SELECT string_agg(int4send(e.uid), ''::bytea) FROM hit h CROSS JOIN LATERAL (
    SELECT uid, account_id, mailbox_id FROM mailboxmessage WHERE message_id = h.message_id OFFSET 0) e
WHERE h.account_id = %(account)s AND e.account_id = %(account)s AND e.mailbox_id = %(mailbox)s
"""

WAITING_ROWS = """
SELECT e.uid, p.message_id FROM searchpending p JOIN mailboxmessage e ON e.message_id = p.message_id
WHERE p.account_id = %s AND e.mailbox_id = %s ORDER BY p.message_id DESC LIMIT %s
"""

# Documents that are not in the index, as they will be.
WAITING_HITS = "SELECT uid FROM unnest(%s::int[], %s::text[]) AS x (uid, words) WHERE words::tsvector @@ %s::tsquery"

_DOCUMENT = "(SELECT d.tsv::text FROM searchdocument d WHERE d.message_id = e.message_id)"
# The words of these weights as octets, ten times as quick as text. Their places stand between them: what is no ASCII
# letter there (a place of weight D begins with an octet below 64, one of A with one above 191) is looked at again.
_OCTETS = "(SELECT tsvectorsend(ts_filter(d.tsv, %s)) FROM searchdocument d WHERE d.message_id = e.message_id)"


@dataclass(slots=True)
class Texts:
    """The texts of one folder during one search. Its methods raise SearchTooSlow."""

    folder: Folder
    _waiting: dict[int, str] | None = None

    def having(self, scope: Where, text: str, *, body: bool) -> set[int]:
        """The messages of `scope` with this text, `body`: outside their headers."""
        folded = fold(text)
        if not folded:
            return self.folder.uids(scope)
        phrase = lexemes.phrase(text, body=body)
        if not phrase:
            return self._read(scope, folded, body=body)
        found = self._words(phrase)
        if not body:
            found |= imapsearch_headers.shown(self.folder, folded)
        if found:
            return found if scope is EVERY else found & self.folder.uids(scope)
        if self.folder.total > READ_MOST:
            return set()
        found = self._pieces(pieces.pieces(text), body=body)
        if not found and not body:
            found = imapsearch_headers.in_any(self.folder, EVERY, folded)
        return found if scope is EVERY else found & self.folder.uids(scope)

    def _words(self, phrase: str) -> set[int]:
        self.folder.check_time()
        account = self.folder.account_id
        scoped = f"'{lexemes.account(account)}' & ({phrase})"
        waiting = self._documents()
        with connection.cursor() as cursor:
            cursor.execute(HITS, {"account": account, "mailbox": self.folder.mailbox_id, "scoped": scoped})
            found = unpacked(cursor.fetchone()[0])
            if waiting:
                cursor.execute(WAITING_HITS, [list(waiting), list(waiting.values()), phrase])
                found.update(uid for (uid,) in cursor.fetchall())
        return found

    def _pieces(self, asked: list[str], *, body: bool) -> set[int]:
        if not asked:
            return set()
        found = {uid for uid, vector in self._documents().items() if pieces.holds(vector, asked, body=body)}
        patterns = [f"%{word}%".encode() for word in asked]
        candidates = Where(f"COALESCE({_OCTETS} LIKE ALL(%s), false)", ("{d}" if body else "{a,d}", patterns))
        if len(asked) == 1 and asked[0].isascii() and asked[0].isalpha():
            return found | self.folder.uids(candidates)
        return found | {
            uid for uid, vector in self.folder.rows(candidates, _DOCUMENT) if pieces.holds(vector, asked, body=body)
        }

    def _documents(self) -> dict[int, str]:
        """UID → document, of the messages that have none in the index yet."""
        if self._waiting is None:
            with connection.cursor() as cursor:
                cursor.execute(WAITING_ROWS, [self.folder.account_id, self.folder.mailbox_id, WAITING])
                waiting = cursor.fetchall()
            until = time.monotonic() + READING
            self._waiting = {}
            for uid, row in self._messages(waiting):
                text = searchindex.whole if time.monotonic() < until else searchindex.glance
                self._waiting[uid] = searchindex.vector(row, text)
        return self._waiting

    def _read(self, scope: Where, folded: str, *, body: bool) -> set[int]:
        """The messages of `scope` whose text, or header, holds the folded text."""
        found = set() if body else imapsearch_headers.in_any(self.folder, scope, folded)
        entries = list(self.folder.rows(scope, "e.message_id"))
        for uid, row in self._messages(entries):
            if uid not in found and folded in fold(searchindex.whole(row)):
                found.add(uid)
        return found

    def _messages(self, entries: list[tuple[int, int]]) -> Iterator[tuple[int, Message]]:
        """(UID, message) for each (UID, number of the message) that is still there."""
        for start in range(0, len(entries), CHUNK):
            part = entries[start : start + CHUNK]
            rows = Message.objects.only(*searchindex.GLANCED).in_bulk([number for _, number in part])
            for uid, number in part:
                self.folder.check_time()
                if number in rows:
                    yield uid, rows[number]
