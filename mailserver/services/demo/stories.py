"""Conversations as the data tells them: letters with their people, moments and places in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import accumulate
from typing import Any

from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import reply_subject
from mailserver.services.demo import clock, data, people
from mailserver.services.demo.people import Person, Route
from mailserver.services.demo.prose import flowing

# German programs write their own mark; the others of the demo write Re.
_REPLY_MARKS = {"de": "AW: "}


@dataclass(frozen=True, slots=True)
class MailingList:
    """A list, as its mail shows it."""

    mailbox: HeaderAddress
    list_id: str
    prefix: str
    route: Route
    members: Sequence[str]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a conversation, before it is octets. `attach` and `inline` are specs of `attachments.py`."""

    message_id: str
    sender: Person
    to: Sequence[HeaderAddress]
    cc: Sequence[HeaderAddress]
    at: datetime
    subject: str
    text: str
    attach: Sequence[str] = ()
    inline: Sequence[str] = ()
    receipt: bool = False
    parent: Letter | None = None
    references: Sequence[str] = ()
    mailing_list: MailingList | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Letters, oldest first, and by account how it keeps them: folder, label, unread, starred."""

    letters: Sequence[Letter]
    keeping: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def conversations(now: datetime) -> Iterator[Conversation]:
    """All threads of the data folder."""
    for name in data.names("threads"):
        for number, row in enumerate(data.table(name)["thread"]):
            yield _conversation(f"{name}/{number}", row, now)


def keeping(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By account: what a row of the data says about it under the local part of its address."""
    short = {address.partition("@")[0].rpartition(".")[2]: address for address in people.ACCOUNTS}
    return {address: row[key] for key, address in short.items() if key in row}


def message_id(seed: str, address: str) -> str:
    """A Message-ID that only this place in the data has."""
    return f"{blake2b(seed.encode(), digest_size=12).hexdigest()}@{address.rpartition('@')[2]}"


def _conversation(seed: str, row: dict[str, Any], now: datetime) -> Conversation:
    mailing_list = _list(row["list"]) if "list" in row else None
    letters: list[Letter] = []
    for number, (item, at) in enumerate(zip(row["letter"], _moments(row, now), strict=True)):
        letters.append(_letter(f"{seed}/{number}", row["subject"], item, at, letters[-1:], mailing_list))
    return Conversation(letters, keeping(row))


def _moments(row: dict[str, Any], now: datetime) -> list[datetime]:
    steps = [clock.span(item.get("after", "0m")) for item in row["letter"]]
    passed = list(accumulate(steps, initial=timedelta()))[1:]
    senders = [people.everybody()[item["from"]] for item in row["letter"]]
    if "ends" in row:
        last = clock.recent(row["ends"], now, senders[-1].zone)
        first = last - passed[-1]
    else:
        first = clock.yearly(row["on"], now, senders[0].zone, passed[-1])
    return [
        (first + offset).astimezone(sender.zone).replace(microsecond=0)
        for offset, sender in zip(passed, senders, strict=True)
    ]


def _letter(
    seed: str,
    subject: str,
    item: dict[str, Any],
    at: datetime,
    before: Sequence[Letter],
    mailing_list: MailingList | None,
) -> Letter:
    sender = people.everybody()[item["from"]]
    parent = before[-1] if before else None
    return Letter(
        message_id=message_id(seed, sender.address),
        sender=sender,
        to=[mailing_list.mailbox] if mailing_list else [_mailbox(key) for key in item["to"]],
        cc=[_mailbox(key) for key in item.get("cc", ())],
        at=at,
        subject=_subject(subject, sender, parent, mailing_list),
        text=flowing(item["text"]),
        attach=item.get("attach", ()),
        inline=item.get("inline", ()),
        receipt=item.get("receipt", False),
        parent=parent,
        references=[*parent.references, parent.message_id] if parent else (),
        mailing_list=mailing_list,
    )


def _subject(subject: str, sender: Person, parent: Letter | None, mailing_list: MailingList | None) -> str:
    subject = (mailing_list.prefix if mailing_list else "") + subject
    if parent is None:
        return subject
    mark = _REPLY_MARKS.get(sender.language)
    return mark + subject if mark else reply_subject(subject)


def _mailbox(key: str) -> HeaderAddress:
    """A person by short name, or `bonjour`, the address on the door of the crêperie."""
    if key == "bonjour":
        return HeaderAddress("Crêperie Alice", "bonjour@crepes.fr")
    return people.everybody()[key].mailbox


@cache
def _list(key: str) -> MailingList:
    row = data.table("lists")[key]
    return MailingList(
        mailbox=HeaderAddress(row["name"], row["address"]),
        list_id=row["id"],
        prefix=row["prefix"],
        route=Route(row["host"], row["peer"]),
        members=row["members"],
    )
