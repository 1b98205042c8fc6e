"""The places of the practice internet: for each domain its records, its servers, and what mail to it shows.

Every server has an address of its own in 127.25.0.0/24 and listens on the one port that CORREIO_REMOTE_SMTP_PORT
names. The domains end in .test, which nobody can register (RFC 2606 §2).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Literal

from mailserver.practice.actions import CLOSE, HANG, Action, Ask, Drip, Session, Then
from mailserver.practice.dns_server import SERVFAIL

Proof = Literal["good", "self-signed", "outdated", "wrong name"]

# In place of the records of a domain: it has none at all.
NXDOMAIN = "NXDOMAIN"

OFFERED = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760", "STARTTLS")
# A greylister lets a pair of sender and recipient in at the second try.
NOT_YET = "451 4.7.1 Greylisted, please try again in 20 seconds"
LISTED = (
    "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org; "
    "https://www.spamhaus.org/query/ip/192.0.2.25"
)


@dataclass(frozen=True)
class Host:
    """A mail server: its number in 127.25.0.0/24, its script, and how it speaks TLS."""

    name: str
    number: int
    replies: Mapping[str, Action | Sequence[Action]] = field(default_factory=dict)
    handshake: str = "tls"
    proof: Proof = "good"
    offered: Sequence[str] = OFFERED

    @property
    def address(self) -> str:
        return f"127.25.0.{self.number}"


@dataclass(frozen=True)
class Place:
    """A domain. `write_to`: an address to try, `shows`: what its message's path will tell; a place may have several.

    `hosts` listen; `dead` are names with an address where nobody does.
    """

    domain: str
    shows: Sequence[tuple[str, str]]
    hosts: Sequence[Host] = ()
    dead: Mapping[str, int] = field(default_factory=dict)
    records: Sequence[str] | str = ()
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def zone(self) -> dict[str, Sequence[str] | str]:
        """Its part of the directory; the dead come first, as a person who moved servers leaves them."""
        if isinstance(self.records, str):
            return {} if self.records == NXDOMAIN else {self.domain: self.records}
        numbers = {**self.dead, **{host.name: host.number for host in self.hosts}}
        exchangers = [f"MX {rank * 10} {name}." for rank, name in enumerate(numbers, 1)]
        hosts = {name: [f"A 127.25.0.{number}"] for name, number in numbers.items()}
        return {self.domain: [*exchangers, *self.records], **hosts, **self.more}


def greylister() -> Ask:
    """Not now to a sender's first message to somebody, yes to the next try; it forgets who got in, so that it can be
    seen again.
    """
    waiting: set[tuple[str, str]] = set()

    def answer(session: Session) -> Action:
        commands = session.commands
        mail = next(command for command in reversed(commands) if command[:4].upper() == "MAIL")
        pair = (mail.partition(">")[0], commands[-1].partition(">")[0])
        if pair not in waiting:
            waiting.add(pair)
            return NOT_YET
        waiting.remove(pair)
        return "250 2.1.5 Recipient OK"

    return Ask(answer)


def in_turn(*actions: Action) -> Ask:
    """One after the other, for ever."""
    turns = cycle(actions)
    return Ask(lambda _session: next(turns))


def data(session: Session) -> Action:
    """A server that took no recipient wants no message (RFC 5321 §3.3)."""
    return "354 End with a line that has only a dot" if session.accepted else "554 5.5.1 No valid recipients"


def queued(_session: Session) -> Action:
    """With a number of its own, as mail servers do."""
    return f"250 2.0.0 Queued as {secrets.token_hex(4).upper()}"


def slowly(reply: str, pause: float) -> Drip:
    return Drip(f"{reply}\r\n".encode(), pause)


def _slow(pause: float) -> dict[str, Action]:
    return {
        "BANNER": slowly("220 mx1.slow.test ESMTP, no hurry", pause),
        "MAIL": slowly("250 2.1.0 Fine", pause),
        "RCPT": slowly("250 2.1.5 Well, yes", pause),
        "END": slowly("250 2.0.0 Taken at last", pause),
    }


def _certificates() -> list[Place]:
    kinds: dict[Proof, str] = {
        "outdated": "a certificate that ran out; without a policy it is encrypted all the same",
        "self-signed": "a certificate that only itself vouches for",
        "wrong name": "a certificate of somebody else",
    }
    return [
        Place(
            f"{proof.replace(' ', '-')}.badtls.test",
            [(f"bob@{proof.replace(' ', '-')}.badtls.test", shows)],
            [Host(f"mx1.{proof.replace(' ', '-')}.badtls.test", 60 + number, proof=proof)],
        )
        for number, (proof, shows) in enumerate(kinds.items())
    ]


def _strict() -> list[Place]:
    policy = {
        f"{part}.{domain}": records
        for domain in ("sts.test", "broken.sts.test")
        for part, records in (
            ("_mta-sts", ['TXT "v=STSv1; id=20261101;"']),
            ("mta-sts", ["A 127.25.0.80"]),
            ("_smtp._tls", [f'TXT "v=TLSRPTv1; rua=mailto:tls@{domain}"']),
        )
    }
    return [
        Place(
            "sts.test",
            [("bob@sts.test", "a policy (MTA-STS) that asks for a proven certificate, and a server that has one")],
            [Host("mx1.sts.test", 70)],
            more=policy,
        ),
        Place(
            "broken.sts.test",
            [("bob@broken.sts.test", "the same policy, and a server that cannot prove who it is")],
            [Host("mx1.broken.sts.test", 71, proof="self-signed")],
        ),
    ]


def places(pause: float = 0.15) -> list[Place]:
    """All of them. `pause`: seconds between two octets of the slow one."""
    return [*_patient(pause), *_refusing(), *_lost(), *_certificates(), *_strict()]


def _patient(pause: float) -> list[Place]:
    return [
        Place(
            "fine.test",
            [("bob@fine.test", "taken at once, encrypted"), ("echo@fine.test", "taken, and answered")],
            [Host("mx1.fine.test", 11)],
            records=['TXT "v=spf1 ip4:127.25.0.11 -all"'],
        ),
        Place(
            "greylist.test",
            [("bob@greylist.test", "“not now” at first (451), taken at the next try")],
            [Host("mx1.greylist.test", 12, {"RCPT": greylister()})],
        ),
        Place(
            "busy.test",
            [("bob@busy.test", "sent away at the door (421) every other time")],
            [
                Host(
                    "mx1.busy.test", 13, {"BANNER": in_turn(Then("421 4.3.2 mx1.busy.test too busy", CLOSE), "220 Yes")}
                )
            ],
        ),
        Place(
            "slow.test",
            [("bob@slow.test", "each answer comes octet by octet; watch it being sent")],
            [Host("mx1.slow.test", 14, _slow(pause))],
        ),
    ]


def _refusing() -> list[Place]:
    return [
        Place(
            "full.test",
            [("bob@full.test", "a full mailbox, for now (452)"), ("never@full.test", "a full mailbox, for good (552)")],
            [
                Host(
                    "mx1.full.test",
                    15,
                    {
                        "RCPT": "452 4.2.2 The mailbox is full",
                        "RCPT never@full.test": "552 5.2.2 The mailbox is over its quota",
                    },
                )
            ],
        ),
        Place(
            "nosuch.test",
            [("nobody@nosuch.test", "no such mailbox (550)"), ("bob@nosuch.test", "the one that exists there")],
            [
                Host(
                    "mx1.nosuch.test",
                    16,
                    {
                        "RCPT": "550 5.1.1 No such user here",
                        "RCPT bob@nosuch.test": "250 2.1.5 Recipient OK",
                    },
                )
            ],
        ),
        Place(
            "blocked.test",
            [("bob@blocked.test", "a server that reads block lists (554)")],
            [Host("mx1.blocked.test", 17, {"RCPT": LISTED})],
        ),
        Place("null.test", [("bob@null.test", "a domain that takes no mail (null MX)")], records=["MX 0 ."]),
    ]


def _lost() -> list[Place]:
    return [
        Place("dead.test", [("bob@dead.test", "nobody answers")], dead={"mx1.dead.test": 18}),
        Place(
            "second.test",
            [("bob@second.test", "the first server is dead, the second takes it")],
            [Host("mx2.second.test", 20)],
            dead={"mx1.second.test": 19},
        ),
        Place(
            "silent.test",
            [("bob@silent.test", "a server that falls silent after DATA")],
            [Host("mx1.silent.test", 21, {"DATA": HANG})],
        ),
        Place(
            "cut.test",
            [("bob@cut.test", "hangs up after the last dot: did it arrive? It is sent again to be sure")],
            [Host("mx1.cut.test", 22, {"END": in_turn(CLOSE, Ask(queued))})],
        ),
        Place("nodns.test", [("bob@nodns.test", "a directory (DNS) that fails")], records=SERVFAIL),
        Place("gone.test", [("bob@gone.test", "a domain that does not exist")], records=NXDOMAIN),
        Place(
            "badtls.test",
            [("bob@badtls.test", "STARTTLS that breaks; without a policy it goes on in clear")],
            [Host("mx1.badtls.test", 50, handshake="garbage")],
        ),
    ]
