"""Names of people, as a list line and a conversation show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.names import display_name, visible

# A title is no name to call somebody by: 'Dr. Okonkwo' stays whole.
_TITLES_END = "."


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody shown: `name` is never empty (the address when there is none), `me` when it is the reader."""

    name: str
    address: str
    me: bool = False

    @property
    def named(self) -> bool:
        """Whether there is a name beside the address."""
        return self.name != self.address

    @property
    def first_name(self) -> str:
        return first_name(self.name)


def person(name: str, address: str, own: Collection[str] = ()) -> Person:
    """A person of a header field. A name that poses as another address is dropped (threats: display names)."""
    shown = " ".join(display_name(HeaderAddress(name, address)).split())
    return Person(shown or visible(address), visible(address), address.casefold() in own)


def people(pairs: Iterable[Sequence[str]], own: Collection[str] = ()) -> list[Person]:
    """The persons of [name, address] pairs as the store keeps them."""
    return [person(name, address, own) for name, address in pairs]


def first_name(name: str) -> str:
    """What one calls somebody among others: 'Inês Carvalhal' → 'Inês', 'Dr. Okonkwo' and 'ann@x.org' stay."""
    first, _, rest = name.partition(" ")
    return name if not rest or first.endswith(_TITLES_END) or "@" in name else first.rstrip(",")


def senders(found: Sequence[Person]) -> str:
    """'Bob, Tomás, me': everybody by first name, one alone by full name. More than four: 'Bob .. Ana, me'."""
    if len(found) == 1:
        return "me" if found[0].me else found[0].name
    names = list(dict.fromkeys("me" if who.me else who.first_name for who in found))
    return ", ".join(names) if len(names) <= 4 else f"{names[0]} … {names[-2]}, {names[-1]}"


def joined(found: Sequence[Person], most: int = 4, *, whole: bool = False) -> str:
    """'Bob, Tomás and you' for a sentence; beyond `most` the rest is counted. `whole`: one alone by full name."""
    alone = whole and len({who.address for who in found if not who.me}) == 1
    names = list(dict.fromkeys("you" if who.me else who.name if alone else who.first_name for who in found))
    names.sort(key=lambda name: name == "you")
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
