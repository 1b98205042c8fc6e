"""What the other server reports of a message it took, short of a failure: still trying, passed on, in the mailbox.

It is told as the word of that server, at the time when it came: we saw nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailserver.mail import explain
from mailserver.services import path_words as words
from mailserver.services.path import Fact, Step, StepState
from mailserver.services.path_trail import STORED_AS, Trail
from mailserver.store.models import Event


@dataclass(frozen=True, slots=True)
class _Told:
    """An action of RFC 3464 §2.3.3 in words; `{who}` is the recipient, `{server}` theirs, `{there}` the domain."""

    headline: str
    title: str
    said: str
    mark: str
    advice: str = ""
    state: StepState = "done"


_TOLD: Mapping[str, _Told] = {
    "delivered": _Told(
        "{there} reports that it is in the mailbox of {who}.",
        "{server} put it in the mailbox",
        "delivered to the mailbox of {address}",
        "delivered",
        "Whether it has been read, only a receipt could tell.",
    ),
    "expanded": _Told(
        "{there} reports that it went to the people behind {address}.",
        "{server} gave it to a list",
        "delivered to the people behind {address}",
        "delivered",
    ),
    "relayed": _Told(
        "{there} has passed it on for {who}.",
        "{server} passed it on",
        "passed on to a server that sends no such reports",
        "passed on",
        "No more will be heard of it, unless it comes back.",
    ),
    "delayed": _Told(
        "{there} has it, but has not delivered it to {who} yet.",
        "{server} is still trying",
        "not delivered yet, it is still trying",
        "still trying",
        "You need not send it again.",
        "slow",
    ),
}


def headline(trail: Trail, event: Event) -> str:
    return _filled(_told(event).headline, trail)


def lead(trail: Trail, event: Event) -> str:
    return f"{_sentence(trail, event)} {_told(event).advice}".strip()


def step(trail: Trail, event: Event, before: datetime | None) -> Step:
    """The step of the mailbox."""
    told, reply = _told(event), trail.row.reply_text
    number = STORED_AS.search(reply)
    facts = [Fact(f"Stored as {number[1]}" if number else reply, "code")] if reply else []
    return Step(
        number=5,
        short="Mailbox",
        title=_filled(told.title, trail),
        sentence=_sentence(trail, event),
        state=told.state,
        at=event.at,
        since=words.since(before, event.at),
        mark=told.mark,
        facts=(*facts, Fact(f"Report of {event.detail.get('by')}")),
    )


def _told(event: Event) -> _Told:
    return _TOLD[str(event.detail.get("action"))]


def _sentence(trail: Trail, event: Event) -> str:
    """`Bob’s server reported at 14:07: not delivered yet, it is still trying until Saturday 28 November. …`"""
    said = _filled(_told(event).said, trail)
    detail = event.detail
    if detail.get("until"):
        said += f" until {words.until(datetime.fromisoformat(str(detail['until'])), trail.now)}"
    sentence = f"{_filled('{server}', trail)} reported at {words.clock(event.at, trail.now)}: {said}."
    return f"{sentence} {_why(trail, detail)}".strip() if _told(event).state == "slow" else sentence


def _why(trail: Trail, detail: Mapping[str, object]) -> str:
    """The reason a report of a delay gives, as a sentence; "" when it gives none."""
    said = str(detail.get("text", ""))
    if said[:1].isdigit():
        return explain.reply(said, trail.row.address).reason
    if not said:
        return ""
    return explain.explain(0, str(detail.get("enhanced", "")), said, trail.row.address, final=False).reason


def _filled(text: str, trail: Trail) -> str:
    server = words.sentence(words.their_server(trail.called, trail.there))[:-1]
    return text.format(server=server, there=trail.there, who=trail.called, address=trail.row.address)
