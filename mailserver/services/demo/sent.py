"""The one letter that is sent for real, so that the path page has something true to show from the first minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils import timezone

from mailserver.mail import compose
from mailserver.mail.compose import Draft
from mailserver.services import submission
from mailserver.services.demo import attachments, data, people
from mailserver.services.demo.attachments import Cover
from mailserver.services.demo.people import ALICE
from mailserver.services.demo.prose import flowing
from mailserver.services.demo.stories import message_id
from mailserver.services.submission import Submitted, SubmittedRecipient
from mailserver.store.models import Account


def send(accounts: Mapping[str, Account]) -> Submitted:
    """Queue Alice's newest letter; the workers do the rest, now or as soon as they run."""
    row, alice = data.table("parcels")["sent"], people.everybody()["alice"]
    to, cc = ([people.everybody()[key].mailbox for key in row[field]] for field in ("to", "cc"))
    at, text = datetime.now(UTC).astimezone(alice.zone), flowing(row["text"])
    draft = Draft(
        sender=alice.mailbox,
        to=to,
        cc=cc,
        subject=row["subject"],
        text=text,
        attachments=[attachments.attach(spec, Cover(alice, at, text)) for spec in row["attach"]],
        message_id=message_id("sent", ALICE),
        date=at,
    )
    return submission.submit(
        account_id=accounts[ALICE].pk,
        sender=ALICE,
        recipients=[SubmittedRecipient(person.address) for person in (*to, *cc)],
        raw=compose.build(draft),
        protocol="LOCAL",
        composed_at=timezone.now(),
    )
