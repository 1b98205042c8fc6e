"""Lines of a conversation list, ready to draw: every list (folder, starred, search) makes its rows here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from mailserver.mail.names import visible
from mailserver.mail.threading import bare_subject
from mailserver.services import undelivered
from mailserver.services.accounts import own_addresses
from mailserver.store.models import Label, Mailbox, ThreadBox
from webmail.rendering import dates
from webmail.rendering.people import Person, people, person, senders
from webmail.rendering.shell import mailbox_name

Use = Mailbox.Use
IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".svg", ".avif")
_NAMES_KEPT = 4  # ThreadBox.attachments


@dataclass(frozen=True, slots=True)
class Chip:
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in one folder. `group` is the heading it comes under, `opens_group` that it is the first."""

    mailbox_id: int
    thread_id: int
    url: str
    senders: str
    total: int
    subject: str
    preview: str
    at: datetime
    date: str
    group: str
    opens_group: bool
    unread: bool
    starred: bool
    draft: bool
    labels: list[Label]
    chips: list[Chip]
    folder: str
    use: str
    undelivered: bool = False

    @property
    def key(self) -> str:
        """Names the line in forms and ids: folder and conversation."""
        return f"{self.mailbox_id}-{self.thread_id}"


class RowMaker:
    """Turns stored lines of one account into rows; two queries in all, and one for lines of Sent, however many."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self.own: Collection[str] = {address.casefold() for address in own_addresses(account_id)}
        self.labels = {label.pk: label for label in Label.objects.filter(account_id=account_id, shown=True)}
        self.now = timezone.now()

    def rows(self, lines: Iterable[ThreadBox], *, after: datetime | None = None, everywhere: bool = False) -> list[Row]:
        """Rows in the order given. `after`: date of the line above the first; `everywhere`: name the folders."""
        lines = list(lines)
        sent = [line.latest_message_id for line in lines if line.mailbox.special_use == Use.SENT]
        missed = undelivered.among(self.account_id, sent)
        group = dates.group(after, self.now) if after else ""
        found = []
        for line in lines:
            above, group = group, dates.group(line.latest_at, self.now)
            row = self._row(line, group, group != above, everywhere)
            sent_off = line.mailbox.special_use == Use.SENT and line.thread_id in missed
            found.append(replace(row, undelivered=True) if sent_off else row)
        return found

    def _row(self, line: ThreadBox, group: str, opens_group: bool, everywhere: bool) -> Row:
        box = line.mailbox
        return Row(
            mailbox_id=line.mailbox_id,
            thread_id=line.thread_id,
            url=reverse("conversation", args=[line.mailbox_id, line.thread_id]),
            senders=self._who(line),
            total=line.total,
            subject=visible(bare_subject(line.subject) if line.total > 1 else line.subject) or "(no subject)",
            preview=visible(line.preview),
            at=line.latest_at,
            date=dates.short(line.latest_at, self.now),
            group=group,
            opens_group=opens_group,
            unread=line.unseen > 0 and box.special_use != Use.DRAFTS,
            starred=line.starred > 0,
            draft=box.special_use == Use.DRAFTS,
            labels=[self.labels[number] for number in line.labels if number in self.labels],
            chips=attachment_chips(line.attachments),
            folder=mailbox_name(box) if everywhere and box.special_use != Use.INBOX else "",
            use=box.special_use,
        )

    def _who(self, line: ThreadBox) -> str:
        """In Sent and Drafts to whom the newest went; elsewhere who wrote."""
        if line.mailbox.special_use in (Use.SENT, Use.DRAFTS):
            recipients = line.latest_message.recipients
            everybody = [*recipients.get("to", ()), *recipients.get("cc", ()), *recipients.get("bcc", ())]
            names = senders(people(everybody, self.own)) if everybody else ""
            return f"To: {names}" if names else "(no recipient yet)"
        return senders([self._participant(item) for item in line.participants]) or "(unknown sender)"

    def _participant(self, item: list[str]) -> Person:
        address, name, *_ = item
        return person(name, address or "unknown", self.own)


def attachment_chips(names: list[str]) -> list[Chip]:
    """At most two chips: documents by name, several pictures as a number."""
    pictures = [name for name in names if name.casefold().endswith(IMAGES)]
    others = [name for name in names if name not in pictures]
    chips = [Chip("file-text", visible(name)) for name in others]
    if len(pictures) == 1:
        chips.append(Chip("image", visible(pictures[0])))
    elif pictures:
        chips.append(Chip("image", "photos" if len(names) == _NAMES_KEPT else f"{len(pictures)} photos"))
    return chips[:2]
