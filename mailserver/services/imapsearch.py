"""IMAP SEARCH in one folder (RFC 9051 §6.4.4, RFC 5032, 7162, 8474, 8514).

What SQL can decide is one statement, however its parts are joined. Header fields, sent dates and texts become sets of
UIDs, each found in its own way (imapsearch_headers.py, imapsearch_text.py), and the rest is arithmetic of sets.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.mail.numbersets import Runs
from mailserver.mail.searchkeys import And, BodyHas, Dated, HeaderHas, Key, Not, Or, TextHas
from mailserver.services import imapsearch_flags, imapsearch_headers, imapsearch_sql, mailboxes
from mailserver.services.imapsearch_sql import EVERY, SECONDS, Folder, Where
from mailserver.services.imapsearch_text import Texts
from mailserver.services.searchstages import planned


def find(account_id: int, mailbox_id: int, key: Key, *, within: Runs | None = None, recent: Runs = ()) -> list[int]:
    """The UIDs of the messages that match, ascending.

    `key` has neither `Numbers` nor the saved result: who knows the session has put `Uids` in their place. `within`:
    the messages the session knows; `recent`: those that are recent for it. Raises NotFound, SearchTooSlow.
    """
    box = mailboxes.get(account_id, mailbox_id)
    if within is None and imapsearch_flags.fits(box.total, key):
        return imapsearch_flags.find(account_id, mailbox_id, key)
    with planned(SECONDS):
        folder = Folder(account_id, mailbox_id, box.total, recent)
        scope = EVERY if within is None else imapsearch_sql.within(within)
        where = imapsearch_sql.where(folder, key)
        if where is not None:
            return folder.ordered(scope & where)
        return sorted(_Search(folder, Texts(folder)).uids(key, scope))


@dataclass(frozen=True, slots=True)
class _Search:
    folder: Folder
    texts: Texts

    def uids(self, key: Key, scope: Where) -> set[int]:
        """The messages of `scope` that match."""
        where = imapsearch_sql.where(self.folder, key)
        if where is not None:
            return self.folder.uids(scope & where)
        match key:
            case And(keys):
                return self._all(keys, scope)
            case Or(one, other):
                return self.uids(one, scope) | self.uids(other, scope)
            case Not(inner):
                return self.folder.uids(scope) - self.uids(inner, scope)
        return self._leaf(key, scope)

    def _all(self, keys: tuple[Key, ...], scope: Where) -> set[int]:
        """What SQL decides narrows down where the others are looked for."""
        rest = []
        for key in keys:
            where = imapsearch_sql.where(self.folder, key)
            if where is None:
                rest.append(key)
            else:
                scope = scope & where
        found = self.uids(rest[0], scope)
        for key in rest[1:]:
            found = found & self.uids(key, scope) if found else found
        return found

    def _leaf(self, key: Key, scope: Where) -> set[int]:
        match key:
            case HeaderHas():
                return imapsearch_headers.has(self.folder, scope, key)
            case Dated():
                return imapsearch_headers.sent(self.folder, scope, key)
            case BodyHas(text):
                return self.texts.having(scope, text, body=True)
            case TextHas(text):
                return self.texts.having(scope, text, body=False)
        raise TypeError(f"{key} is not resolved")
