"""Letters that stand alone: other charsets and forms made by hand, drafts, spam."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from mailserver.mail import compose, mimewriter
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Draft
from mailserver.services.demo import clock, data, people
from mailserver.services.demo.people import ALICE, Person, Route
from mailserver.services.demo.post import DRAFTS, INBOX, SPAM, Place, Post
from mailserver.services.demo.prose import flowing
from mailserver.services.demo.stories import keeping, message_id
from mailserver.store.models.mailbox import Flag

_MIME_VERSION = b"MIME-Version: 1.0\r\n"


def letters(now: datetime) -> Iterator[Post]:
    """The letters of `data/letters.toml`, byte by byte in the charset and transfer encoding they name."""
    for index, row in enumerate(data.table("letters")["letter"]):
        sender = people.person(row)
        at = _moment(row, now, sender)
        to = str(row.get("to", ALICE))
        account = people.owner(to) or ALICE
        rules = keeping(row).get(account, {})
        fresh = now - at < timedelta(days=12)
        place = Place(str(rules.get("folder", INBOX)), 0 if fresh else int(Flag.SEEN), str(rules.get("label", "")))
        route = Route(sender.route.helo, sender.route.peer, "" if row["charset"] == "latin-1" else sender.route.tls)
        raw = _by_hand(f"letters/{index}", row, sender, to, at)
        yield Post(raw, at, sender.address, route, {(account, to): place})


def drafts(now: datetime) -> Iterator[Post]:
    """What Alice has begun and not sent."""
    alice = people.everybody()["alice"]
    for index, row in enumerate(data.table("letters")["draft"]):
        at = _moment(row, now, alice)
        draft = Draft(
            sender=alice.mailbox,
            to=[people.everybody()[key].mailbox for key in row["to"]],
            subject=row["subject"],
            text=flowing(row["text"]),
            message_id=message_id(f"drafts/{index}", ALICE),
            date=at,
        )
        place = Place(DRAFTS, Flag.SEEN | Flag.DRAFT)
        yield Post(compose.build(draft), at, ALICE, alice.route, own={ALICE: place})


def junk(now: datetime) -> Iterator[Post]:
    """Spam, some of it unread, and one that slipped into the Inbox."""
    for index, row in enumerate(data.table("junk")["junk"]):
        sender = people.person({**row, "host": "unknown.invalid", "peer": "203.0.113.250"})
        at = _moment(row, now, sender)
        account = next(address for address in people.ACCOUNTS if address.startswith(row.get("for", "alice")))
        draft = Draft(
            sender=sender.mailbox,
            to=[HeaderAddress("", account)],
            subject=row["subject"],
            text=flowing(row.get("text", "")),
            message_id=message_id(f"junk/{index}", sender.address),
            date=at,
        )
        raw = compose.build(draft)
        if "html" in row:
            header, _, _ = raw.partition(_MIME_VERSION)
            raw = header + _MIME_VERSION + mimewriter.write(mimewriter.text("html", row["html"].strip()))
        seen = 0 if row.get("unread") else int(Flag.SEEN)
        place = Place(INBOX, seen) if row.get("inbox") else Place(SPAM, seen | Flag.JUNK)
        route = Route(sender.route.helo, sender.route.peer, "", "SMTP")
        yield Post(raw, at, sender.address, route, {(account, account): place})


def _moment(row: dict[str, Any], now: datetime, person: Person) -> datetime:
    if "ago" in row:
        return clock.recent(row["ago"], now, person.zone).replace(microsecond=0)
    return clock.yearly(row["on"], now, person.zone, timedelta())


def _by_hand(seed: str, row: dict[str, Any], sender: Person, to: str, at: datetime) -> bytes:
    """Header words and body in the charset of the row; not `declared`: raw and unnamed, as old programs send."""
    charset, transfer, declared = row["charset"], row["transfer"], row.get("declared", True)
    flowed = "; format=flowed" if row.get("flowed") else ""
    lines = [
        b"Date: " + format_datetime(at).encode(),
        b"From: " + _name(sender.name, charset, declared) + f"<{sender.address}>".encode(),
        f"To: {to}".encode(),
        b"Subject: " + _words(row["subject"], charset, declared),
        f"Message-ID: <{message_id(seed, sender.address)}>".encode(),
    ]
    if declared:
        lines += [
            b"MIME-Version: 1.0",
            f"Content-Type: text/plain; charset={charset}{flowed}".encode(),
            f"Content-Transfer-Encoding: {transfer}".encode(),
        ]
    prose = row["text"].lstrip("\n") if flowed else flowing(row["text"]) + "\n"
    text = prose.replace("\n", "\r\n").encode(charset)
    if transfer == "base64":
        text = base64.encodebytes(text).replace(b"\n", b"\r\n")
    elif transfer == "quoted-printable":
        text = quopri.encodestring(text.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return b"\r\n".join([*lines, b"", text])


def _name(name: str, charset: str, declared: bool) -> bytes:
    return _words(name, charset, declared) + b" " if name else b""


def _words(text: str, charset: str, declared: bool) -> bytes:
    """RFC 2047 encoded words of at most 12 characters each, so that every one stays below its 75 octets."""
    if text.isascii():
        return text.encode()
    if not declared:
        return text.encode(charset)
    pieces = [text[start : start + 12] for start in range(0, len(text), 12)]
    words = [b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(piece.encode(charset))) for piece in pieces]
    return b"\r\n ".join(words)
