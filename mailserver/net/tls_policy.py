"""How a session with the next server must be protected, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mailserver.net.dane import Tlsa

# What is asked of a session, and how it may end. may: encrypted when the server offers it. test: the certificate is
# looked at, mail goes all the same. never: this server is not to be called.
Level = Literal["may", "test", "encrypt", "verify", "dane", "never"]
Source = Literal["none", "sts", "dane", "route", "requiretls"]

# The ways to begin a session: with a certificate that is checked, with any, without encryption.
Rung = Literal["verify", "dane", "any", "clear"]

# Each way is tried when the one before it failed.
LADDERS: Mapping[Level, tuple[Rung, ...]] = {
    "may": ("any", "clear"),
    "test": ("verify", "any", "clear"),
    "encrypt": ("any",),
    "verify": ("verify",),
    "dane": ("dane",),
    "never": (),
}


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """`domain` is the recipients' ("" for a route: nobody counts those sessions), `lines` and `mx_patterns` are what
    it published; the TLSA `records` are those of `base`, the host or what it is an alias for. `status` and `reason` say
    why a server is never called, `finding` how RFC 8460 counts that. `authorities` is a PEM file of certificates
    trusted besides the system's.
    """

    level: Level = "may"
    source: Source = "none"
    domain: str = ""
    lines: tuple[str, ...] = ()
    mx_patterns: tuple[str, ...] = ()
    records: tuple[Tlsa, ...] = ()
    base: str = ""
    status: str = "4.7.5"
    reason: str = ""
    finding: str = ""
    authorities: Path | None = None

    @property
    def rungs(self) -> tuple[Rung, ...]:
        return LADDERS[self.level]

    @property
    def strict(self) -> bool:
        """Whether mail waits rather than go without protection."""
        return self.level in ("encrypt", "verify", "dane", "never")

    def relaxed(self) -> TlsPolicy:
        """For a message with `TLS-Required: No` (RFC 8689 §4.2.2): what the recipients' domain asks for does not
        count. What our own administrator asks for on a route does.
        """
        return self if self.source == "route" else TlsPolicy(authorities=self.authorities)

    def demanded(self, *, named: bool) -> TlsPolicy:
        """For a message with REQUIRETLS (RFC 8689 §4.2.1). `named`: the host's name came by a way nobody could bend."""
        if self.level in ("verify", "dane", "never"):
            return replace(self, source="requiretls") if self.level == "verify" else self
        if self.level == "test" or named:
            return replace(self, level="verify", source="requiretls")
        reason = (
            "The message may only go to a server whose name is proven, and neither MTA-STS nor DNSSEC proves this one"
        )
        return replace(self, level="never", source="requiretls", status="5.7.30", reason=reason, finding="")


OPPORTUNISTIC = TlsPolicy()


@dataclass(frozen=True, slots=True)
class Login:
    """What a smart host wants to know of us."""

    username: str
    password: str = field(repr=False)
