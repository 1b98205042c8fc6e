"""Messages with something unusual inside: an invitation, another message, an archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from mailserver.mail import compose
from mailserver.mail.compose import Attachment, Draft
from mailserver.services.demo import attachments, calendar_file, clock, data, people
from mailserver.services.demo.calendar_file import Event
from mailserver.services.demo.people import ALICE, Person
from mailserver.services.demo.post import SENT, Place, Post
from mailserver.services.demo.prose import flowing
from mailserver.services.demo.stories import message_id
from mailserver.store.models.mailbox import Flag


def posts(now: datetime) -> Iterator[Post]:
    """All of them."""
    table = data.table("parcels")
    for index, row in enumerate(table["invitation"]):
        yield _invitation(f"invitation/{index}", row, now)
    yield _forwarded(table["forwarded"], now)
    yield _archive(table["archive"], now)


def _invitation(seed: str, row: dict[str, Any], now: datetime) -> Post:
    sender = people.everybody()[row["from"]]
    guests = [people.everybody()[key] for key in row["to"]]
    at = clock.recent(row["ago"], now, sender.zone)
    event = Event(
        summary=row["summary"],
        start=_start(row, now, sender),
        length=timedelta(hours=row["hours"]),
        place=row["place"],
        organizer=sender.mailbox,
        attendees=[guest.mailbox for guest in guests],
    )
    draft = _draft(seed, row, sender, at, guests)
    return _post(calendar_file.invitation(draft, event), at, sender, guests, unread=now - at < timedelta(days=3))


def _start(row: dict[str, Any], now: datetime, sender: Person) -> datetime:
    here = now.astimezone(sender.zone)
    days = (row["weekday"] - here.weekday() - 1) % 7 + 1 if "weekday" in row else row["in_days"]
    return clock.at_clock(here + timedelta(days=days), row["clock"])


def _forwarded(row: dict[str, Any], now: datetime) -> Post:
    """RFC 2046 §5.2.1: the other message whole, as a part."""
    sender, author = people.everybody()[row["from"]], people.everybody()[row["original_from"]]
    at = clock.recent(row["ago"], now, sender.zone)
    original = compose.build(
        Draft(
            sender=author.mailbox,
            to=[sender.mailbox],
            subject=row["original_subject"],
            text=flowing(row["original_text"]),
            message_id=message_id("original", author.address),
            date=(at - timedelta(hours=3)).astimezone(author.zone),
        )
    )
    alice = people.everybody()["alice"]
    enclosed = Attachment("original.eml", "message/rfc822", original)
    raw = compose.build(_draft("forwarded", row, sender, at, [alice], enclosed))
    return _post(raw, at, sender, [alice])


def _archive(row: dict[str, Any], now: datetime) -> Post:
    sender, alice = people.everybody()[row["from"]], people.everybody()["alice"]
    at = clock.recent(row["ago"], now, sender.zone)
    files = {"porto/README.txt": row["readme"].strip().encode()}
    files |= {f"porto/{name}.jpg": data.photo(name) for name in row["photos"]}
    archive = Attachment(row["name"], "application/zip", attachments.archive(files))
    return _post(compose.build(_draft("archive", row, sender, at, [alice], archive)), at, sender, [alice])


def _draft(seed: str, row: dict[str, Any], sender: Person, at: datetime, to: list[Person], *files: Attachment) -> Draft:
    return Draft(
        sender=sender.mailbox,
        to=[person.mailbox for person in to],
        subject=row["subject"],
        text=flowing(row["text"]),
        attachments=files,
        message_id=message_id(seed, sender.address),
        date=at,
    )


def _post(raw: bytes, at: datetime, sender: Person, to: list[Person], *, unread: bool = False) -> Post:
    writer = people.owner(sender.address)
    places = {
        (account, person.address): Place(flags=0 if unread and account == ALICE else Flag.SEEN)
        for person in to
        if (account := people.owner(person.address))
    }
    own = {writer: Place(SENT)} if writer else {}
    return Post(raw, at, sender.address, sender.route, places, own)
