"""What the session tells of changes that others made: at the end of commands, while it idles, and as NOTIFY asks."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

from mailserver.errors import CorreioError, NotFound
from mailserver.mail import numbersets
from mailserver.mail.numbersets import holds
from mailserver.servers import bridge
from mailserver.servers.imap import eventgroups, notices, responses
from mailserver.servers.imap.folderchanges import Known
from mailserver.servers.imap.reader import Ends
from mailserver.servers.imap.view import News
from mailserver.services import login, selection
from mailserver.services.flags import EntryFlags
from mailserver.services.selection import Delta

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

logger = logging.getLogger(__name__)

# Further than any mailbox.
_ANY = sys.maxsize
# So many seconds a silent bell is believed.
_TRUSTED = 3.0
# So many are told before we look whether the client reads.
_AT_ONCE = 1000
_GONE = "Somebody has deleted the selected mailbox."


class Updates:
    """A watcher of the hub, from sign-in on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.account_id = 0
        self.idling = False
        self.known: Known = {}
        # Messages of the selected mailbox whose flags changed, which the client did not want to hear.
        self.untold: set[int] = set()
        self._joined = False
        self._delta: Delta | None = None
        self._rung = self._check = self._gone = False
        # How far the selected mailbox is, as far as we heard, and when we last looked.
        self._heard = 0
        self._looked = 0.0

    # What the hub asks and tells

    @property
    def place(self) -> str:
        return self._session.place

    @property
    def watched(self) -> int:
        """The selected mailbox while its changes may be told at once."""
        view, wishes = self._session.view, self._session.notify
        listens = self.idling if wishes is None else eventgroups.of_selected(wishes) is not None
        return view.mailbox_id if view is not None and listens else 0

    @property
    def modseq(self) -> int:
        return self._session.view.modseq if self._session.view else 0

    def told(self, delta: Delta) -> None:
        self._delta = delta
        self._session.connection.input.nudge()

    def rung(self, modseqs: Mapping[int, int]) -> None:
        self._check |= not modseqs
        if self._session.view is not None:
            far = modseqs.get(self._session.view.mailbox_id, 0) if modseqs else _ANY
            self.hear(far)
        self._rung |= eventgroups.ask_for_others(self._session.notify or ())
        if self._check or self._rung:
            self._session.connection.input.nudge()

    def hear(self, modseq: int) -> None:
        """The selected mailbox is as far as that, which an answer to the session itself has told."""
        self._heard = max(self._heard, modseq)

    def lost(self) -> None:
        self._gone = True
        self._session.connection.input.nudge()

    def forget(self) -> None:
        """What the hub told was about a mailbox that is not selected any more."""
        self._delta, self._gone = None, False
        self.untold.clear()

    async def begin(self) -> None:
        """Somebody has signed in."""
        self.account_id, self._joined = self._session.account_id, True
        await self._session.site.hub.join(self)

    async def close(self) -> None:
        if self._joined:
            self._joined = False
            await self._session.site.hub.leave(self)

    # What the client is told

    async def catch_up(self, *, expunges: bool) -> None:
        """As `sync`, but a mailbox of which nothing was heard is not looked at more than every few seconds."""
        view, now = self._session.selected, asyncio.get_running_loop().time()
        quiet = self._session.site.hub.hears and self._heard <= view.modseq and now < self._looked + _TRUSTED
        if not quiet or (expunges and view.held):
            await self.sync(expunges=expunges)

    async def sync(self, *, expunges: bool, own: bool = False) -> None:
        """Tell what changed in the selected mailbox since it was last told; `own` as for `tell`."""
        view = self._session.selected
        # Before we look: what is rung while we do may be news.
        self._heard, self._looked = 0, asyncio.get_running_loop().time()
        delta = await bridge.run(
            selection.changes, account_id=self.account_id, mailbox_id=view.mailbox_id, since=view.modseq
        )
        self._delta = None
        await self.tell(await self.absorb(delta, expunges=expunges), own=own)

    async def absorb(self, delta: Delta, *, expunges: bool) -> News:
        """Take in what changed; new messages are \\Recent here, unless another session was told of them before."""
        news = self._session.selected.absorb(delta, expunges=expunges)
        await self._claim(news, delta.uidnext)
        return news

    async def _claim(self, news: News, uidnext: int) -> None:
        view = self._session.selected
        if news.exists is None or view.read_only:
            return
        try:
            first = await bridge.run(
                selection.claim, account_id=self.account_id, mailbox_id=view.mailbox_id, uidnext=uidnext
            )
        except CorreioError as error:
            # The view has them, so they are told; they stay \Recent for the next session.
            logger.info("new messages are not recent here: %s", error)
            return
        view.take_recent(first, uidnext)

    async def sync_after(self, *, expunges: bool, lazy: bool) -> None:
        """`sync` behind a command, whose own result it does not change; `lazy`: only `catch_up`.

        After NOTIFY the client hears what it asked for and nothing else (RFC 5465 §3.1), with SELECTED expunges at
        any time. Raises Ends when the mailbox is gone.
        """
        if self._session.notify is not None:
            group = eventgroups.of_selected(self._session.notify)
            if group is None:
                return
            expunges |= group.kind == "selected"
        try:
            await (self.catch_up if lazy else self.sync)(expunges=expunges)
        except NotFound:
            raise Ends(_GONE) from None
        except CorreioError as error:
            logger.info("changes are told later: %s", error)

    async def push(self) -> None:
        """Tell what the hub has brought so far. A client that idles reads whatever comes, expunges too; between
        commands only one that said NOTIFY does. Raises Ends when the mailbox is gone.
        """
        while self._check or self._delta is not None or self._rung or self._gone:
            if self._gone:
                raise Ends(_GONE)
            try:
                await self._push()
            except CorreioError as error:
                logger.info("changes are told later: %s", error)
                notices.overflow(self._session)
                await self._session.flush()

    async def _push(self) -> None:
        session = self._session
        delta, rung, check = self._delta, self._rung, self._check
        self._delta, self._rung, self._check = None, False, False
        if check:
            await self._check_account()
        if session.notify is not None:
            await notices.tell_changes(session, delta, others=rung)
        elif delta is not None and session.view is not None and self.idling:
            # Who waits for mail hears of it at once, and what is \Recent of it a moment later.
            news = session.view.absorb(delta, expunges=True)
            self._tell_numbers(news)
            await session.flush()
            await self._claim(news, delta.uidnext)
            await self._tell_rest(news)
            await session.flush()

    async def _check_account(self) -> None:
        """Whether the account may still be here: its password is the same, and it is switched on."""
        session = self._session
        if session.login is not None and not await bridge.run(login.is_current, login=session.login):
            session.dismiss("Your password or account has changed. Sign in again.")

    async def tell(self, news: News, *, own: bool = False) -> None:
        """EXPUNGE, EXISTS, flags: in this order, so that each number means what the client thinks.

        `own`: what is new was put there by the client itself.
        """
        self._tell_numbers(news)
        await self._tell_rest(news)
        if self._session.notify and not own:
            await notices.tell_new(self._session, news)

    def _tell_numbers(self, news: News) -> None:
        if news.expunged:
            self._tell_expunged(news.expunged)
        if news.exists is not None:
            self._session.say(f"{news.exists} EXISTS")

    async def _tell_rest(self, news: News) -> None:
        session = self._session
        if news.exists is not None and not session.rev2:
            session.say(f"{session.selected.recent} RECENT")
        changed = news.changed if session.notify is None else notices.wanted_flags(session, news)
        self.tell_keywords({name for entry in changed for name in entry.keywords})
        for at in range(0, len(changed), _AT_ONCE):
            for entry in changed[at : at + _AT_ONCE]:
                self.tell_flags(entry)
            await session.flush()

    def _tell_expunged(self, expunged: Sequence[tuple[int, int]]) -> None:
        session = self._session
        if session.qresync:
            gone = numbersets.runs_of(uid for _, uid in expunged)
            session.say(f"VANISHED {numbersets.write(gone)}")
        else:
            for number, _ in expunged:
                session.say(f"{number} EXPUNGE")

    def tell_keywords(self, names: Set[str]) -> None:
        """Keywords the client has not heard of come as FLAGS first (RFC 9051 §7.3.5)."""
        view = self._session.selected if self._session.view else None
        if view is None:
            return
        fresh = names - view.keywords
        if fresh:
            view.keywords |= fresh
            self.tell_known_flags()

    def tell_known_flags(self) -> None:
        names = [*SYSTEM_FLAGS, *sorted(self._session.selected.keywords)]
        self._session.untagged(b"FLAGS ", responses.flags(names))

    def tell_flags(self, entry: EntryFlags, *, uid: bool = False, modseq: bool | None = None) -> None:
        """A FETCH response about flags. With `uid`, QRESYNC or NOTIFY it names the UID, with CONDSTORE the modseq."""
        session = self._session
        view = session.selected
        number = view.number(entry.uid)
        if not number:
            return
        parts = []
        if uid or session.qresync or session.notify:
            parts.append(b"UID %d" % entry.uid)
        parts.append(b"FLAGS " + responses.flags(names_of(entry, recent=holds(session.recents, entry.uid))))
        if session.condstore if modseq is None else modseq:
            parts.append(b"MODSEQ (%d)" % entry.modseq)
        session.untagged(b"%d FETCH " % number, responses.items(parts))


SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")


def names_of(entry: EntryFlags, *, recent: bool) -> list[str]:
    """All flags of a message as the session sees them."""
    return [*entry.names, *(["\\Recent"] if recent else [])]
