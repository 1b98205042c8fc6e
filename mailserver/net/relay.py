"""A route to a server that wants more than a call: our name and password, or encryption."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mailserver.conf import Route
from mailserver.net.tls_policy import Level, Login, TlsPolicy


@dataclass(frozen=True, slots=True)
class Relay(Route):
    """`protection`: may (encrypted when offered), encrypt (always), verify (and the certificate valid for the host).

    `authorities` is a PEM file of certificates trusted besides the system's.
    """

    protection: Literal["may", "encrypt", "verify"] = "may"
    username: str = ""
    password: str = field(default="", repr=False)
    authorities: Path | None = None

    def demands(self) -> tuple[TlsPolicy, Login | None]:
        """A password is never sent in clear, so with one encryption is always required."""
        login = Login(self.username, self.password) if self.username else None
        level: Level = "encrypt" if login and self.protection == "may" else self.protection
        return TlsPolicy(level=level, source="route", authorities=self.authorities), login
