"""What the checks of a sender found, in the words of RFC 8601 §2.7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

SpfWord = Literal["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"]
DkimWord = Literal["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"]
DmarcWord = Literal["none", "pass", "fail", "temperror", "permerror"]
IprevWord = Literal["pass", "fail", "temperror", "permerror"]
Policy = Literal["", "none", "quarantine", "reject"]


@dataclass(frozen=True, slots=True)
class Spf:
    """`domain` is that of MAIL FROM, or with `identity` "helo" the name of the greeting; "" when neither names one."""

    result: SpfWord
    domain: str = ""
    identity: Literal["mailfrom", "helo"] = "mailfrom"


@dataclass(frozen=True, slots=True)
class Dkim:
    """One signature, or `none` for a message without any. `mark` are the first characters of b= (RFC 6008)."""

    result: DkimWord
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    reason: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Dmarc:
    """`domain` is the author's; `policy` what its owner asks for when mail fails ("" when no record says)."""

    result: DmarcWord
    domain: str = ""
    policy: Policy = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything found about one message from `peer`. `disposition` is what DMARC asks us to do with it."""

    peer: str
    spf: Spf
    dkim: tuple[Dkim, ...]
    dmarc: Dmarc
    iprev: IprevWord
    disposition: Literal["none", "quarantine", "reject"] = "none"

    def summary(self) -> dict[str, Any]:
        """The verdict as JSON values, for the timeline and the log."""
        return {
            "spf": self.spf.result,
            "dkim": [f"{item.result} {item.domain}".strip() for item in self.dkim],
            "dmarc": self.dmarc.result,
            "author": self.dmarc.domain,
            "policy": self.dmarc.policy,
            "iprev": self.iprev,
            "disposition": self.disposition,
        }
