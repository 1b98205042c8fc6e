"""Bills, bookings, orders and reports, from the patterns of `data/series.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from string import ascii_lowercase
from typing import Any

from mailserver.mail import compose
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Draft
from mailserver.services.demo import attachments, data, people, recurring
from mailserver.services.demo.attachments import Cover
from mailserver.services.demo.people import Person
from mailserver.services.demo.post import Post
from mailserver.services.demo.prose import flowing
from mailserver.services.demo.recurring import Issue
from mailserver.services.demo.stories import keeping, message_id
from mailserver.services.demo.wording import month


def posts(now: datetime) -> Iterator[Post]:
    """Every message of every series."""
    for index, row in enumerate(data.table("series")["series"]):
        sender = people.everybody()[row["person"]] if "person" in row else people.person(row)
        row = {"name": sender.name, **row}
        for issue in recurring.issues(row, now, sender.zone):
            yield _post(f"series/{index}/{issue.number}", row, sender, issue, now)


def _post(seed: str, row: dict[str, Any], sender: Person, issue: Issue, now: datetime) -> Post:
    values = _values(row, sender.language, issue)
    text = flowing(str(row["text"])).format_map(values)
    kept = keeping(row)
    to = str(row.get("to", next(iter(kept))))
    raw = compose.build(
        Draft(
            sender=sender.mailbox,
            to=[HeaderAddress(people.ACCOUNTS.get(to, ""), to)],
            subject=str(row["subject"]).format_map(values),
            text=text,
            attachments=_files(row, values, Cover(sender, issue.at, text)),
            message_id=message_id(seed, sender.address),
            date=issue.at,
            extra=[("Auto-Submitted", "auto-generated")],
        )
    )
    first = people.owner(to)
    received = {
        (account, to if account == first else account): recurring.place(rules, issue.at, now)
        for account, rules in kept.items()
    }
    return Post(raw, issue.at, sender.address, sender.route, received)


def _files(row: dict[str, Any], values: dict[str, Any], cover: Cover) -> list[compose.Attachment]:
    return [attachments.attach(str(row["attach"]).format_map(values), cover)] if "attach" in row else []


def _values(row: dict[str, Any], language: str, issue: Issue) -> dict[str, Any]:
    """What the braces of the patterns stand for."""
    at = issue.at
    line = _line(row, issue.number)
    return {
        "number": int(row["first"]) + issue.number,
        "amount": issue.random.randint(int(row.get("low", 10)), int(row.get("high", 99))),
        "month": month(language, at),
        "year": at.year,
        "week": at.isocalendar().week,
        **dict(zip(ascii_lowercase, line, strict=False)),
    }


def _line(row: dict[str, Any], number: int) -> list[str]:
    """The rows in turn, shuffled anew in each round, so that two neighbours differ."""
    rows = list(row.get("rows", [[]]))
    turn, index = divmod(number, len(rows))
    order = sorted(range(len(rows)), key=lambda item: Random(f"{row['name']} {turn} {item}").random())  # noqa: S311
    return list(rows[order[index]])
