"""Alice's message and the shortest way to deliver it to scripted servers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mailserver.net.mx import Hop
from mailserver.net.smtp_client import Outgoing, Report, Timeouts, deliver
from mailserver.practice.scripted import ScriptedServer

ALICE, BOB, CAROL = "alice@crepes.fr", "bob@hamburger.edu", "carol@hamburger.edu"

CONTENT = b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: Hi\r\n\r\nDo you like ketchup?\r\n"

MESSAGE = Outgoing(ALICE, (BOB,), CONTENT, eight_bit=False, smtputf8=False)

# Long enough for any honest step on a busy machine.
PATIENT = Timeouts.rfc().capped(20)


def hasty(**stages: float) -> Timeouts:
    """Patience for all but the stages named."""
    return replace(PATIENT, **stages)


def hop(server: ScriptedServer, host: str = "mx1.hamburger.edu") -> Hop:
    return Hop(host, "127.0.0.1", server.port, 10, "mx")


def send(*servers: ScriptedServer | Hop, message: Outgoing = MESSAGE, timeouts: Timeouts = PATIENT) -> Report:
    """Delivers `message` with the servers as hops, on a fresh event loop."""
    hops = [server if isinstance(server, Hop) else hop(server) for server in servers]
    return asyncio.run(deliver(hops, message, hostname="mail.crepes.fr", timeouts=timeouts))


def dialogue(report: Report) -> list[str]:
    """`C: …`, `S: …` and `-- …` for notes."""
    marks = {"client": "C:", "server": "S:", "note": "--"}
    return [f"{marks[line.side]} {line.text}" for line in report.lines]


def said(report: Report) -> list[str]:
    """The dialogue without notes."""
    return [line for line in dialogue(report) if not line.startswith("--")]
