"""What a scripted server does at a step of a conversation.

"451 4.7.1 Later"     that reply; "\\n" separates the lines of a longer one
Raw(b"25"), Drip(b"250 OK\\r\\n", 0.05)   octets as they are, at once or one by one
HANG                  nothing more is said, the connection stays
CLOSE, RESET          the connection ends, politely or by RST
Then(a, b)            both, in turn
Ask(function)         what the function says, which is given the session
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Session:
    """What one connection brought: its commands, its messages (dots unstuffed) and every octet after TLS.

    `accepted` are the recipients of the transaction under way.
    """

    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    encrypted: bool = False
    accepted: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Raw:
    data: bytes


@dataclass(frozen=True)
class Drip:
    data: bytes
    pause: float


@dataclass(frozen=True)
class Then:
    first: Action
    second: Action


@dataclass(frozen=True)
class Ask:
    choose: Callable[[Session], Action]


@dataclass(frozen=True)
class _Named:
    name: str


HANG, CLOSE, RESET = _Named("HANG"), _Named("CLOSE"), _Named("RESET")

Action = str | Raw | Drip | Then | Ask | _Named


def defaults(host: str) -> dict[str, Action]:
    """What a server of that name says when it takes everything."""
    return {
        "BANNER": f"220 {host} ESMTP ready",
        "HELO": f"250 {host}",
        "MAIL": "250 2.1.0 Sender OK",
        "RCPT": "250 2.1.5 Recipient OK",
        "DATA": "354 End with a line that has only a dot",
        "END": "250 2.0.0 Queued as 7F3A91",
        "RSET": "250 2.0.0 OK",
        "NOOP": "250 2.0.0 OK",
        "QUIT": Then("221 2.0.0 Bye", CLOSE),
        "STARTTLS": "220 2.0.0 Ready to start TLS",
    }
