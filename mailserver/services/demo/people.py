"""Who writes in the demo, and the machines their mail comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from mailserver.mail.addresses import HeaderAddress
from mailserver.services.demo import data

TLS = "TLSv1.3 TLS_AES_256_GCM_SHA384"

# Name by address; the passwords are all the demo's.
ACCOUNTS = {
    "alice@crepes.fr": "Alice",
    "bob@hamburger.edu": "Bob Burger",
    "admin@crepes.fr": "Gwenaëlle Postec",
    "ines@crepes.fr": "Inês",
    "charlie@hamburger.edu": "Charlie",
    "a.okonkwo@hamburger.edu": "Dr. Adaeze Okonkwo",
}
ALICE, BOB, ADMIN = list(ACCOUNTS)[:3]

# Addresses beside the primary ones.
ALIASES = {"bonjour@crepes.fr": ALICE, "r.burger@hamburger.edu": BOB, "hostmaster@crepes.fr": ADMIN}

_SERVERS = {"crepes.fr": ("mx.crepes.fr", "198.51.100.10"), "hamburger.edu": ("mx1.hamburger.edu", "198.51.100.25")}


@dataclass(frozen=True, slots=True)
class Route:
    """The last hop of a message before our server. `tls` is "" in clear."""

    helo: str
    peer: str
    tls: str = TLS
    protocol: str = "ESMTPS"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with habits: whether they quote what they answer, write HTML, sign."""

    name: str
    address: str
    zone: ZoneInfo
    language: str
    route: Route
    quotes: bool = False
    html: bool = False
    signature: str = ""

    @property
    def mailbox(self) -> HeaderAddress:
        return HeaderAddress(self.name, self.address)


def person(row: dict[str, Any]) -> Person:
    """A person from a row of `people.toml`, or of another table with the same fields."""
    host, peer = _SERVERS.get(row["address"].partition("@")[2], (row.get("host", ""), row.get("peer", "")))
    return Person(
        name=row["name"],
        address=row["address"],
        zone=ZoneInfo(row.get("zone", "Europe/Paris")),
        language=row.get("language", "en"),
        route=Route(host, peer),
        quotes=row.get("quotes", False),
        html=row.get("html", False),
        signature=row.get("signature", "").strip(),
    )


@cache
def everybody() -> dict[str, Person]:
    """All people of the letters by their short name."""
    return {key: person(row) for key, row in data.table("people").items()}


def owner(address: str) -> str | None:
    """The account that an address of the demo belongs to."""
    account = ALIASES.get(address, address)
    return account if account in ACCOUNTS else None
