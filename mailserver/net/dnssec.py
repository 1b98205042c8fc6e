"""Whether what the DNS says is protected by DNSSEC, as a resolver that validates tells it (the AD bit)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any


class Records(list[Any]):
    """Records of one question. `authentic`: a validating resolver says that DNSSEC protects them."""

    def __init__(self, records: Iterable[Any] = (), *, authentic: bool = False) -> None:
        super().__init__(records)
        self.authentic = authentic


def is_authentic(records: object) -> bool:
    return isinstance(records, Records) and records.authentic


def copied(records: Iterable[Any]) -> Records:
    """The memory's own list stays as it is whatever the caller does with this one."""
    return Records(records, authentic=is_authentic(records))


def is_believed(mode: str, nameservers: Iterable[object]) -> bool:
    """`on`, `off`, or `auto`: when all the servers are on this machine, where nobody can bend what they say."""
    return mode == "on" or (mode == "auto" and all(_is_loopback(str(server)) for server in nameservers))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False  # DNS over HTTPS: a URL
