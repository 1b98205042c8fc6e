"""Calls between two servers as the path shows them: the table of tries and the dialogues."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailserver.mail import dialogue, explain
from mailserver.mail.dialogue import Spoken
from mailserver.services import path_words as words
from mailserver.services.path import Fact, Talk, Try
from mailserver.services.path_trail import Trail
from mailserver.store.models import DeliveryAttempt

_RECIPIENT = re.compile(r"RCPT TO:<([^>]*)>", re.IGNORECASE)

# Up to so many other recipients of the same call are shown with it.
FEW_OTHERS = 3


def tries(trail: Trail) -> Iterable[Try]:
    """Newest first."""
    for attempt in reversed(trail.attempts):
        result = next((found for found in attempt.results.all() if found.recipient_id == trail.row.pk), None)
        said, reply, meaning = str(attempt.transcript[-1][2]) if attempt.transcript else "", "", ""
        if result is not None:
            code, said = result.reply_code, result.reply_text
            reply = " ".join(filter(None, (str(code or ""), result.reply_enhanced if code else "", said)))
            meaning = explain.explain(code, result.reply_enhanced, said, trail.row.address).reason
        yield Try(
            attempt.number,
            attempt.started_at,
            said,
            reply,
            "" if result is None or result.outcome == "delivered" or _same(said, meaning) else meaning,
            "" if place(attempt) in said else place(attempt),
            attempt.tls,
            talk(trail, attempt),
        )


def _same(said: str, meaning: str) -> bool:
    return said.rstrip(". ").casefold() == meaning.rstrip(".").casefold()


def place(attempt: DeliveryAttempt) -> str:
    """`mx1.hamburger.edu [198.51.100.25] port 25`."""
    if not attempt.remote_host:
        return ""
    address = f" [{attempt.remote_address}]" if attempt.remote_address not in ("", attempt.remote_host) else ""
    return f"{attempt.remote_host}{address}" + (f" port {attempt.remote_port}" if attempt.remote_port else "")


def talk(trail: Trail, attempt: DeliveryAttempt | None, intro: str = "") -> Talk | None:
    """The dialogue of a try."""
    if attempt is None or not attempt.transcript:
        return None
    people = {address: words.called(name, address) for address, name in trail.names.items()}
    people[trail.entry.sender.casefold()] = words.called(trail.author, trail.entry.sender)
    lines = folded(dialogue.translate(attempt.transcript, people), trail.row.address)
    return Talk(trail.here, host(attempt), attempt.started_at, lines, intro)


def folded(lines: Sequence[Spoken], address: str) -> tuple[Spoken, ...]:
    """Of a call for many people only what was said of this one; the others are counted."""
    others = [number for number, line in enumerate(lines) if _recipient(line) not in ("", address.casefold())]
    if len(others) <= FEW_OTHERS:
        return tuple(lines)
    kept: list[Spoken] = []
    hidden = False
    for number, line in enumerate(lines):
        hidden = number in others or (hidden and line.side == "server")
        if number == others[0]:
            kept.append(Spoken(line.at, "note", f"{len(others)} more people of this call are left out here", ""))
        if not hidden:
            kept.append(line)
    return tuple(kept)


def _recipient(line: Spoken) -> str:
    """Whom a RCPT command names, in lower case."""
    found = _RECIPIENT.match(line.text) if line.side == "client" else None
    return found[1].casefold() if found else ""


def last_talk(trail: Trail) -> Talk | None:
    """The dialogue of the latest try, with the number of calls before it."""
    last, calls = trail.last, len(trail.attempts)
    intro = f"{calls} calls. The last one, at {words.stamp(last.started_at)}:" if last and calls > 1 else ""
    return talk(trail, last, intro)


def host(attempt: DeliveryAttempt) -> str:
    """The name of the other server; a bare address says less than the domain it serves."""
    return attempt.domain if attempt.remote_host == attempt.remote_address else attempt.remote_host


def hop_facts(trail: Trail) -> Iterable[Fact]:
    """Where the latest try went."""
    last = trail.last
    if last is None or not last.remote_host:
        return
    rank = f", preference {last.preference}" if last.preference is not None else ""
    yield Fact(f"{last.remote_host}{rank}")
    if last.remote_address != last.remote_host:
        yield Fact(last.remote_address, "code")
    if last.remote_port:
        yield Fact(f"port {last.remote_port}")
