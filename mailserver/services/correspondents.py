"""People an account has mail with, for completing addresses while writing.

They are read off the newest messages, not kept: a few hundred rows by an index cost milliseconds, and nothing can
be out of date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from mailserver.mail.addresses import HeaderAddress
from mailserver.services.accounts import own_addresses
from mailserver.store.models import Mailbox, MailboxMessage

# Rows read of each folder. Older correspondents are found by search.
DEPTH = 600
# Having written to somebody says more than having got mail from them.
WEIGHTS = {Mailbox.Use.SENT: 4, Mailbox.Use.INBOX: 1, Mailbox.Use.ARCHIVE: 1}


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody to write to; `weight` grows with the mail exchanged."""

    person: HeaderAddress
    weight: int


def find(*, account_id: int, text: str, limit: int = 8) -> list[Correspondent]:
    """Those whose address or a word of whose name begins with `text`, the most familiar first."""
    wanted = text.strip().casefold()
    if not wanted:
        return []
    own = {address.casefold() for address in own_addresses(account_id)}
    weights: Counter[str] = Counter()
    people: dict[str, HeaderAddress] = {}
    for person, weight in _seen(account_id):
        key = person.address.casefold()
        if key in own or not _matches(person, wanted):
            continue
        weights[key] += weight
        if key not in people or (person.name and not people[key].name):
            people[key] = person
    return [Correspondent(people[key], weight) for key, weight in weights.most_common(limit)]


def meant(*, account_id: int, address: str) -> tuple[HeaderAddress, int] | None:
    """Whom one writes to at an address a slip of the finger away from this one, and how often; None for nobody."""
    typed = address.casefold()
    times: Counter[str] = Counter()
    people: dict[str, HeaderAddress] = {}
    for person in _written_to(account_id):
        key = person.address.casefold()
        times[key] += 1
        people[key] = person
    close = [key for key in times if key != typed and times[key] >= times[typed] and _one_slip(key, typed)]
    best = max(close, key=lambda key: times[key], default=None)
    return (people[best], times[best]) if best else None


def _one_slip(one: str, other: str) -> bool:
    """One letter too many, missing, or another, or two neighbours in the wrong order."""
    start = _shared(one, other)
    one, other = one[start:], other[start:]
    end = _shared(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    return max(len(one), len(other)) == 1 or (len(one) == 2 and one == other[::-1])


def _shared(one: str, other: str) -> int:
    """How many letters they begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _written_to(account_id: int) -> Iterator[HeaderAddress]:
    rows = MailboxMessage.objects.filter(mailbox__account_id=account_id, mailbox__special_use=Mailbox.Use.SENT)
    for recipients in rows.order_by("-at", "-uid").values_list("message__recipients", flat=True)[:DEPTH]:
        yield from _people(recipients)


def _seen(account_id: int) -> Iterator[tuple[HeaderAddress, int]]:
    """Everybody in the newest messages of the folders that count, newest first, with the folder's weight."""
    for use, weight in WEIGHTS.items():
        rows = MailboxMessage.objects.filter(mailbox__account_id=account_id, mailbox__special_use=use)
        fields = ("message__recipients", "message__from_name", "message__from_address")
        for recipients, name, address in rows.order_by("-at", "-uid").values_list(*fields)[:DEPTH]:
            if use == Mailbox.Use.SENT:
                yield from ((person, weight) for person in _people(recipients))
            elif address:
                yield HeaderAddress(name, address), weight


def _people(recipients: dict[str, list[list[str]]]) -> Iterable[HeaderAddress]:
    for field in ("to", "cc", "bcc"):
        for name, address in recipients.get(field, ()):
            if address:
                yield HeaderAddress(name, address)


def _matches(person: HeaderAddress, wanted: str) -> bool:
    address, name = person.address.casefold(), person.name.casefold()
    domain = address.rpartition("@")[2]
    return (
        address.startswith(wanted)
        or domain.startswith(wanted.removeprefix("@"))
        or name.startswith(wanted)
        or any(word.startswith(wanted) for word in name.split())
    )
