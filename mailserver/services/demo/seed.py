"""Filling an empty server with the demo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from mailserver.services.demo import (
    filing,
    letters,
    newsletters,
    parcels,
    people,
    places,
    returned,
    sent,
    series,
    singles,
    stories,
)
from mailserver.services.demo.post import Post
from mailserver.store.models import Account


@dataclass(frozen=True, slots=True)
class Seeded:
    """The addresses that were made; none when the server was not empty."""

    accounts: tuple[str, ...]


def seed(*, password: str, now: datetime | None = None) -> Seeded:
    """Make the demo's accounts and their mail, as it would lie at `now`. All or nothing, and only into an empty server:
    where anybody has an account already, nothing happens.
    """
    if Account.objects.exists():
        return Seeded(())
    with transaction.atomic():
        accounts = places.prepare(password)
        filing.file(posts(now or datetime.now(UTC)), accounts)
        sent.send(accounts)
    return Seeded(tuple(people.ACCOUNTS))


def posts(now: datetime) -> list[Post]:
    """All mail of the demo, oldest first. The same `now` makes the same octets."""
    found = [
        *letters.posts(stories.conversations(now)),
        *series.posts(now),
        *newsletters.posts(now),
        *singles.letters(now),
        *singles.drafts(now),
        *singles.junk(now),
        *parcels.posts(now),
        *returned.posts(now),
    ]
    return sorted(found, key=lambda post: post.at)
