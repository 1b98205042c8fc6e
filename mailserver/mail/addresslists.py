"""Addresses in header fields and form fields, as people read and write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailserver.mail import encodedwords
from mailserver.mail.addressentries import Entry, read

MAX_NAME = 200
MAX_ADDRESS = 320
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_SPACES = re.compile(r"\s+")
# RFC 5322 §3.2.3 atext and spaces: names of other characters are written as quoted strings.
_PLAIN_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+")


@dataclass(frozen=True, slots=True)
class HeaderAddress:
    """A display name and an address, each possibly empty: header fields promise nothing."""

    name: str
    address: str

    def __str__(self) -> str:
        if not self.name:
            return self.address
        name = self.name
        if not _PLAIN_NAME.fullmatch(name) or "=?" in name:
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            name = f'"{escaped}"'
        return f"{name} <{self.address}>"


def parse_list(text: str) -> list[HeaderAddress]:
    """The addresses of a list, groups flattened, encoded words in names decoded. Never raises.

    `text` is unfolded or not; RFC 2047 words must not be decoded yet, as they may hold commas. At most
    1,000 addresses, names cut at 200 characters.
    """
    return [_decoded(entry) for entry in read(text) if isinstance(entry, Entry)]


def format_list(addresses: Iterable[HeaderAddress]) -> str:
    """`Bob <bob@hamburger.edu>, "Hal, Jr." <hal@example.org>`: unencoded, for forms and pages."""
    return ", ".join(str(address) for address in addresses)


def _decoded(entry: Entry) -> HeaderAddress:
    name = entry.name
    if "=?" in name:
        name = _SPACES.sub(" ", _CONTROLS.sub(" ", encodedwords.decode(name))).strip()
    return HeaderAddress(name[:MAX_NAME], entry.spec[:MAX_ADDRESS])
