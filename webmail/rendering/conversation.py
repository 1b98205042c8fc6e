"""A conversation, ready to draw: which messages are open, who wrote to whom, what hangs on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailserver.mail import bodies, charset, structure
from mailserver.mail.names import visible
from mailserver.mail.senderauth.words import Told
from mailserver.mail.threading import bare_subject
from mailserver.services import messages, sendercheck, undelivered
from mailserver.services.accounts import own_addresses
from mailserver.services.threads import ConversationMessage
from mailserver.services.undelivered import NotDelivered
from mailserver.store.models import Mailbox, Message
from mailserver.store.models.mailbox import Flag
from webmail.rendering import appointment, dates, files, frames, spam, text, trips
from webmail.rendering.appointment import Appointment
from webmail.rendering.files import File
from webmail.rendering.frames import Frame
from webmail.rendering.people import Person, joined, people, person
from webmail.rendering.shell import mailbox_name
from webmail.rendering.spam import Why
from webmail.rendering.text import Piece
from webmail.rendering.trips import Trip

Use = Mailbox.Use
MOST = 500  # messages of one conversation that are drawn
# Bodies drawn at once: a thread of 500 unread messages must not take minutes. The others open with a click.
MAX_OPEN = 40
MAX_OPEN_TEXT = 2 * 1024 * 1024
_LONG_RUN = 3
_MAX_TEXT = 1024 * 1024
# Where a message of the conversation lies is said only when it is not to be expected.
_SAID = (Use.TRASH, Use.JUNK)


@dataclass(frozen=True, slots=True)
class Body:
    """What an open message shows: pieces of text, or a frame for HTML."""

    pieces: list[Piece] = field(default_factory=list)
    frame: Frame | None = None
    files: list[File] = field(default_factory=list)
    meeting: Appointment | None = None


@dataclass(slots=True)
class Card:
    """One message. `body` is there when it is open."""

    message: Message
    sender: Person
    recipients: list[Person]
    copies: list[Person]
    blind: list[Person]
    at: datetime
    starred: bool
    draft: bool
    trip: Trip | None = None
    body: Body | None = None
    images: bool = False
    place: str = ""
    why: Why | None = None
    undelivered: list[NotDelivered] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.body is not None

    @property
    def to(self) -> str:
        """'to you and Tomás'."""
        everybody = [*self.recipients, *self.copies, *self.blind]
        return f"to {joined(everybody)}" if everybody else "to nobody named"

    @property
    def told(self) -> Told | None:
        """How our server checked the sender when the message came."""
        return sendercheck.told(self.message)

    @property
    def brief_date(self) -> str:
        return dates.brief(self.at)

    @property
    def long_date(self) -> str:
        return dates.long(self.at)

    @property
    def exact_date(self) -> str:
        return dates.exact(self.at)

    @property
    def preview(self) -> str:
        return visible(self.message.preview)


@dataclass(frozen=True, slots=True)
class Run:
    """Cards in a row; a `folded` run hides behind 'N more messages from …' until it is asked for."""

    cards: list[Card]
    folded: bool = False

    @property
    def names(self) -> str:
        return joined([card.sender for card in self.cards], most=3)


@dataclass(frozen=True, slots=True)
class Conversation:
    thread_id: int
    subject: str
    participants: str
    runs: list[Run]
    cards: list[Card]
    unseen: int

    @property
    def last(self) -> Card:
        """The newest message that is no draft: what a reply answers."""
        return next((card for card in reversed(self.cards) if not card.draft), self.cards[-1])


def build(
    account_id: int,
    thread_id: int,
    items: Sequence[ConversationMessage],
    *,
    opened: Collection[int] = (),
    images: Collection[int] = (),
) -> Conversation:
    """Unread messages are open, as many as there is room for, and the newest, and those in `opened`.

    `images` show pictures of other servers.
    """
    own = {address.casefold() for address in own_addresses(account_id)}
    items = items[-MOST:]
    cards = [card(item, own) for item in items]
    _tell_ways(account_id, cards)
    asked = {cards[-1].message.pk, *opened, *images}
    unread = {drawn.message.pk for drawn, item in zip(cards, items, strict=True) if not item.seen}
    for drawn in _to_open(cards, asked, unread):
        drawn.images = drawn.message.pk in images
        drawn.body = body(drawn.message, remote=drawn.images)
    _explain(cards, items)
    first = next((drawn.message.subject for drawn in cards if drawn.message.subject), "")
    return Conversation(
        thread_id=thread_id,
        subject=visible(bare_subject(first) if len(cards) > 1 else first) or "(no subject)",
        participants=joined(_everybody(cards), whole=True),
        runs=_runs(cards),
        cards=cards,
        unseen=sum(not item.seen for item in items),
    )


def _explain(cards: Sequence[Card], items: Sequence[ConversationMessage]) -> None:
    """Say of open messages what spoke for and against spam."""
    shown = {drawn.message.pk: drawn for drawn in cards if drawn.open}
    in_junk = {item.message.pk for item in items if item.mailbox.special_use == Use.JUNK}
    for message_id, found in spam.why(shown, in_junk & shown.keys()).items():
        shown[message_id].why = found


def _to_open(cards: Sequence[Card], asked: Collection[int], unread: Collection[int]) -> Iterator[Card]:
    """Those asked for, unread ones from the oldest on while there is room, and the newest whatever its size."""
    room, most = MAX_OPEN_TEXT, MAX_OPEN
    for drawn in cards:
        number = drawn.message.pk
        if drawn.draft or number not in {*asked, *unread}:
            continue
        size = _text_size(drawn.message)
        if drawn is cards[-1] or (most and (number in asked or size <= room)):
            yield drawn
            room, most = max(0, room - size), max(0, most - 1)


def _text_size(message: Message) -> int:
    found = bodies.select(structure.from_json(message.parts))
    return sum(part.decoded_size for part in found.html if part.type.startswith("text/"))


def card(item: ConversationMessage, own: Collection[str]) -> Card:
    """A folded card."""
    message, found = item.message, item.message.recipients
    use = item.mailbox.special_use
    return Card(
        message=message,
        sender=person(message.from_name, message.from_address or "unknown sender", own),
        recipients=people(found.get("to", ()), own),
        copies=people(found.get("cc", ()), own),
        blind=people(found.get("bcc", ()), own),
        at=message.at,
        starred=item.starred,
        draft=use == Use.DRAFTS or bool(item.flags & Flag.DRAFT),
        place=mailbox_name(item.mailbox) if use in _SAID else "",
    )


def body(message: Message, *, remote: bool = False) -> Body:
    """What an open message shows."""
    root = structure.from_json(message.parts)
    found = bodies.select(root)
    attached, meeting = files.of(message), appointment.of(message, root)
    if frames.has_html(found):
        return Body(frame=frames.frame(message, remote=remote), files=attached, meeting=meeting)
    pieces: list[Piece] = []
    plain = [part for part in found.plain if part.type.startswith("text/")]
    for part, octets in zip(plain, messages.contents(message, plain, limit=_MAX_TEXT), strict=True):
        shown = charset.decode(octets, part.charset).replace("\r\n", "\n").replace("\r", "\n")
        if part.params.get("format", "").casefold() == "flowed":
            shown = text.unflowed(shown, delsp=part.params.get("delsp", "").casefold() == "yes")
        pieces.extend(text.pieces(shown))
    return Body(pieces=pieces, files=attached, meeting=meeting)


def _tell_ways(account_id: int, cards: Sequence[Card]) -> None:
    """How far one's own messages have come, and who did not get them."""
    mine = [drawn for drawn in cards if drawn.sender.me and not drawn.draft]
    numbers = [drawn.message.pk for drawn in mine]
    found, missed = trips.trips(numbers) if mine else {}, undelivered.of_messages(account_id, numbers)
    for drawn in mine:
        drawn.undelivered = missed.get(drawn.message.pk, [])
        drawn.trip = trips.RETURNED if drawn.undelivered else found.get(drawn.message.pk)


def _everybody(cards: Sequence[Card]) -> list[Person]:
    seen: dict[str, Person] = {}
    for drawn in cards:
        for who in (drawn.sender, *drawn.recipients, *drawn.copies):
            seen.setdefault(who.address.casefold(), who)
    return list(seen.values())


def _runs(cards: Sequence[Card]) -> list[Run]:
    """Long runs of folded messages are drawn as first, '… more messages', last."""
    runs: list[Run] = []
    folded: list[Card] = []
    for drawn in [*cards, None]:
        if drawn is not None and not drawn.open and not drawn.draft:
            folded.append(drawn)
            continue
        if len(folded) > _LONG_RUN:
            runs += [Run(folded[:1]), Run(folded[1:-1], folded=True), Run(folded[-1:])]
        elif folded:
            runs.append(Run(folded))
        folded = []
        if drawn is not None:
            runs.append(Run([drawn]))
    return runs
