"""A conversation list as a page shows it: folder, Starred or search results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from mailserver.errors import SearchTooSlow
from mailserver.mail import query as queries
from mailserver.services import search, threads
from mailserver.services.threads import Cursor, Page
from mailserver.store.models import Mailbox, ThreadBox
from webmail.rendering.rows import Row, RowMaker
from webmail.rendering.shell import mailbox_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOO_SLOW = (
    "This search takes too long",
    "So much mail has these words that looking through it was stopped. Add a word that is rarer, or a name: from:bob.",
)
_NOT_AMONG_NEWEST = (
    "Nothing in your newest mail",
    "Looking through all of it at once takes too long. Go on with older mail, or add a word that is rarer.",
)
FILTERS = {"unseen": "Unread", "starred": "Starred"}


@dataclass(frozen=True, slots=True)
class Listing:
    """`url` is the list's first page, `older` the next page or ""; `key` is what the sidebar marks as current."""

    title: str
    url: str
    key: Mailbox | str
    rows: list[Row]
    older: str = ""
    later_page: bool = False
    mailbox: Mailbox | None = None
    only: str = ""
    query: str = ""
    empty: tuple[str, str] = field(default=("Nothing here", ""))

    @property
    def filter_name(self) -> str:
        return FILTERS.get(self.only, "")


def of_mailbox(box: Mailbox, parameters: QueryDict, *, start: Cursor | None = None) -> Listing:
    """A folder's conversations. `start`: the place of a conversation that must be on the page."""
    only = parameters.get("only", "")
    only = only if only in FILTERS else ""
    before = start or _cursor(parameters)
    page = threads.page(box.pk, before=before, only=only or None)
    url = reverse("mailbox", args=[box.pk])
    return Listing(
        title=mailbox_name(box),
        url=f"{url}?only={only}" if only else url,
        key=box,
        rows=_rows(box.account_id, page, before),
        older=_older(url, page, only=only),
        later_page=before is not None,
        mailbox=box,
        only=only,
        empty=_nothing(box, only),
    )


def of_starred(account_id: int, parameters: QueryDict) -> Listing:
    """Starred conversations of all folders."""
    before = _cursor(parameters)
    page = threads.starred(account_id, before=before)
    url = reverse("starred")
    return Listing(
        title="Starred",
        url=url,
        key="starred",
        rows=_rows(account_id, page, before, everywhere=True),
        older=_older(url, page),
        later_page=before is not None,
        empty=("Nothing is starred", "A star keeps a conversation in sight, whatever folder it is in."),
    )


def of_search(account_id: int, parameters: QueryDict) -> Listing:
    """Conversations that the search field's words find; none without words."""
    text = parameters.get("q", "").strip()
    query = queries.parse(text)
    before = _cursor(parameters)
    empty = _nothing_found(bool(query))
    page = Page([], None)
    try:
        if query:
            page = search.find(account_id, query, before=before)
    except SearchTooSlow:
        if before is not None:
            raise  # the lines before stay where they are
        empty = _TOO_SLOW
    if page.next:
        empty = _NOT_AMONG_NEWEST
    url = reverse("search")
    return Listing(
        title="Search",
        url=f"{url}?{urlencode({'q': text})}" if text else url,
        key="search",
        rows=_rows(account_id, page, before, everywhere=True),
        older=_older(url, page, q=text),
        later_page=before is not None,
        query=text,
        empty=empty,
    )


def beginning_at(line: ThreadBox) -> Cursor:
    """The cursor whose page begins with this line."""
    return Cursor(line.latest_at, line.thread_id + 1)


def _rows(account_id: int, page: Page, before: Cursor | None, *, everywhere: bool = False) -> list[Row]:
    after = before.at if before else None
    return RowMaker(account_id).rows(page.lines, after=after, everywhere=everywhere)


def _older(url: str, page: Page, **parameters: str) -> str:
    if page.next is None:
        return ""
    microseconds = (page.next.at - _EPOCH) // timedelta(microseconds=1)
    wanted = {name: value for name, value in parameters.items() if value}
    return f"{url}?{urlencode({**wanted, 'before': f'{microseconds}-{page.next.thread_id}'})}"


def _cursor(parameters: QueryDict) -> Cursor | None:
    """The place a page continues after; a damaged one is as good as none."""
    microseconds, _, thread_id = parameters.get("before", "").partition("-")
    if not (microseconds.isdecimal() and thread_id.isdecimal() and len(microseconds) <= 17 and len(thread_id) <= 18):
        return None
    return Cursor(_EPOCH + timedelta(microseconds=int(microseconds)), int(thread_id))


def _nothing_found(asked: bool) -> tuple[str, str]:
    if asked:
        words = "Texts, subjects and names were searched in all folders but Spam and Trash. Try fewer words."
        return "Nothing found", words
    return (
        "Search your mail",
        "Words of the text, the subject, names and addresses. Also from:bob, to:alice, is:unread.",
    )


def _nothing(box: Mailbox, only: str) -> tuple[str, str]:
    if only:
        return f"Nothing {FILTERS[only].lower()} here", "All other conversations of this folder are still there."
    return {
        Mailbox.Use.INBOX: ("You have read everything", "New mail appears here by itself."),
        Mailbox.Use.DRAFTS: ("No drafts", "What you begin to write is kept here until you send it."),
        Mailbox.Use.SENT: ("Nothing sent yet", "Each message you send stays here, with the way it took."),
        Mailbox.Use.ARCHIVE: ("The archive is empty", "Archived conversations leave the inbox and stay findable."),
        Mailbox.Use.JUNK: ("No spam", "What you report as spam goes here."),
        Mailbox.Use.TRASH: ("The trash is empty", "Deleted conversations stay here until you delete them for good."),
    }.get(Mailbox.Use(box.special_use), ("Nothing in this folder", "Move conversations here with the folder button."))
