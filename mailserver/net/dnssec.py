"""Whether what the DNS says is protected by DNSSEC, as a resolver that validates tells it (the AD bit)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any


class Records(list[Any]):
    """Records of one question. `authentic`: a validating resolver says that DNSSEC protects them, and all aliases on
    the way. `name` is where the aliases end, that asked for without any; "" when nobody said.
    """

    def __init__(self, records: Iterable[Any] = (), *, authentic: bool = False, name: str = "") -> None:
        super().__init__(records)
        self.authentic = authentic
        self.name = name


def is_authentic(records: object) -> bool:
    return isinstance(records, Records) and records.authentic


def alias_for(records: object, host: str) -> str:
    """The name that owns the records of a host which is an alias; "" for a host that is none."""
    name = records.name if isinstance(records, Records) else ""
    return name if name != host.lower() else ""


def copied(records: Iterable[Any]) -> Records:
    """The memory's own list stays as it is whatever the caller does with this one."""
    name = records.name if isinstance(records, Records) else ""
    return Records(records, authentic=is_authentic(records), name=name)


def is_believed(mode: str, nameservers: Iterable[object]) -> bool:
    """`on`, `off`, or `auto`: when all the servers are on this machine, where nobody can bend what they say."""
    return mode == "on" or (mode == "auto" and all(_is_loopback(str(server)) for server in nameservers))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False  # DNS over HTTPS: a URL
