"""A letter with a slip in the address, and the notification that it came back (RFC 3464)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mailserver.mail import compose, dsn
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Draft
from mailserver.mail.dsn import Failure
from mailserver.services.demo import clock, data, people
from mailserver.services.demo.people import ALICE, Route
from mailserver.services.demo.post import SENT, Place, Post
from mailserver.services.demo.prose import flowing
from mailserver.services.demo.stories import message_id

_HOST = "mx.crepes.fr"


def posts(now: datetime) -> Iterator[Post]:
    """The letter among the sent ones, and two minutes later the bounce."""
    row, alice = data.table("parcels")["returned"], people.everybody()["alice"]
    at = clock.recent(row["ago"], now, alice.zone)
    draft = Draft(
        sender=alice.mailbox,
        to=[HeaderAddress(row["to_name"], row["to"])],
        subject=row["subject"],
        text=flowing(row["text"]),
        message_id=message_id("returned", ALICE),
        date=at,
    )
    raw = compose.build(draft)
    yield Post(raw, at, ALICE, alice.route, own={ALICE: Place(SENT)})
    back = at + timedelta(minutes=2)
    failure = Failure(
        recipient=row["to"],
        status="5.1.2",
        diagnostic=f"x-correio; there is no domain {row['to'].partition('@')[2]}",
        last_attempt=at + timedelta(minutes=1),
    )
    bounce = dsn.build(
        original=raw,
        sender=ALICE,
        failures=[failure],
        reporting_mta=_HOST,
        message_id=message_id("bounce", ALICE),
        date=back,
        arrival=at,
    )
    yield Post(bounce, back, "", Route("", "", "", "LOCAL"), {(ALICE, ALICE): Place()})
