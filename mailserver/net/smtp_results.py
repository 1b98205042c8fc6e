"""The values that go into and come out of an SMTP delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Literal, NamedTuple

from mailserver.errors import InvalidName
from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.net.mx import Hop
from mailserver.net.tls_findings import TlsFinding

Outcome = Literal["delivered", "deferred", "bounced"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one destination.

    `sender` is '' for bounces; addresses are `local@domain` with A-label domains. `eight_bit`: the content has
    octets above 127; `smtputf8`: its header needs SMTPUTF8 (addresses that do are seen without it). `require_tls`: it
    came with REQUIRETLS; `tls_optional`: it says `TLS-Required: No` (RFC 8689).
    `envelope_id`, `full_return` and, by recipient, `wishes` are those of RFC 3461.
    Raises InvalidName for an address that would break the command line.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    eight_bit: bool
    smtputf8: bool
    envelope_id: str = ""
    full_return: bool | None = None
    wishes: Mapping[str, RecipientWishes] = field(default_factory=dict)
    require_tls: bool = False
    tls_optional: bool = False

    def __post_init__(self) -> None:
        for address in (self.sender, *self.recipients):
            if not address.isprintable():
                raise InvalidName(f"{address!r} cannot stand in an SMTP command")


class Line(NamedTuple):
    """One line of the dialogue; `at` is in seconds since the start of the delivery.

    A client's line carries the time it was sent even when, sent in one go with others (RFC 2920), it stands
    later, before its own answer.
    """

    at: float
    side: Literal["client", "server", "note"]
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one recipient.

    `code` and `enhanced` are the remote server's (`enhanced` is '' when it gave none). `code` 0 means that no
    reply settled it: `enhanced` and `text` are then our own words. `hop` is None when no server was reached;
    `tls` is '' when the connection was in clear.
    `action`: what a success is to its sender (RFC 3464 §2.3.3), '' when another server reports it.
    """

    recipient: str
    outcome: Outcome
    code: int
    enhanced: str
    text: str
    hop: Hop | None = None
    tls: str = ""
    action: Literal["", "relayed", "delivered", "expanded"] = ""

    @property
    def reply(self) -> str:
        """`550 5.1.1 No such user here`, or only the words when no server said them."""
        if not self.code:
            return self.text
        return " ".join(filter(None, (str(self.code), self.enhanced, self.text)))


@dataclass(frozen=True, slots=True)
class Protection:
    """How a session was protected: by which `policy` (none, sts, dane, route, requiretls), whether the server proved
    who it is, and why, in words.
    """

    policy: str = "none"
    verified: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery: a result for each recipient, in the order given, and the whole dialogue.

    `hop` and `tls` are those of the last server called. Times are aware UTC. `reached`: one of the servers was ready
    to hear of the message; without that, the next message would fare no better. `protection` is that of the last server
    called, `findings` are those of all sessions that were opened.
    """

    hop: Hop | None
    tls: str
    results: list[Result]
    lines: list[Line]
    started: datetime
    finished: datetime
    reached: bool = True
    protection: Protection = Protection()
    findings: tuple[TlsFinding, ...] = ()

    def introduced(self, lines: list[Line], findings: tuple[TlsFinding, ...]) -> Report:
        """The same with what was said and found before it. `replace` takes five times as long."""
        return Report(
            self.hop,
            self.tls,
            self.results,
            lines + self.lines,
            self.started,
            self.finished,
            self.reached,
            self.protection,
            findings + self.findings,
        )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait at each stage, and in all for one delivery over all its hops."""

    connect: float
    greeting: float
    hello: float
    starttls: float
    mail: float
    recipient: float
    data_start: float
    data_block: float
    data_end: float
    quit: float
    total: float

    @classmethod
    def rfc(cls) -> Timeouts:
        """RFC 5321 §4.5.3.2. It has no figure for connecting (TCP would try for minutes), the handshake and QUIT
        (nothing depends on its answer). The total keeps a hostile server from holding a worker for days.
        """
        return cls(
            connect=30,
            greeting=300,
            hello=300,
            starttls=60,
            mail=300,
            recipient=300,
            data_start=120,
            data_block=180,
            data_end=600,
            quit=5,
            total=3600,
        )

    def capped(self, stage_timeout: float | None) -> Timeouts:
        """No stage longer than `stage_timeout` seconds (None: unchanged); the total stays."""
        if stage_timeout is None:
            return self
        stages = (stage.name for stage in fields(self) if stage.name != "total")
        return replace(self, **{name: min(getattr(self, name), stage_timeout) for name in stages})


class SmtpFailure(Exception):
    """A conversation that cannot go on. `code` is the remote reply's, 0 when there was none."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.enhanced = enhanced
        self.text = text

    @property
    def permanent(self) -> bool:
        return self.code >= 500 or (not self.code and self.enhanced.startswith("5"))


class ConnectionBroken(SmtpFailure):
    """The connection ended, fell silent or spoke something else than SMTP (status 4.4.x or 4.5.x)."""

    def __init__(self, text: str, enhanced: str = "4.4.2") -> None:
        super().__init__(0, enhanced, text)
