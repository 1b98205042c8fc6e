"""The six steps of the textbook for one recipient of a sent message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from mailserver.services import path_reported
from mailserver.services import path_words as words
from mailserver.services.path import Fact, Step
from mailserver.services.path_talk import hop_facts, host, last_talk, tries
from mailserver.services.path_trail import STORED_AS, Trail
from mailserver.store.models import DeliveryAttempt, Event

Kind = Event.Kind

MINUTE = timedelta(minutes=1)
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def steps(trail: Trail) -> tuple[Step, ...]:
    """Composed, handed over, queue, between servers, mailbox, read."""
    return (
        _composed(trail),
        _submitted(trail),
        _queue(trail),
        _between(trail),
        _mailbox(trail),
        _read(trail),
    )


def _at(trail: Trail, kind: Kind) -> datetime | None:
    event = trail.event(kind)
    return event.at if event else None


def _composed(trail: Trail) -> Step:
    event = trail.event(Kind.COMPOSED)
    author = words.called(trail.author, trail.entry.sender)
    where = "You wrote it on this page." if event else "You wrote it in a mail program of yours."
    return Step(
        number=1,
        short=f"{words.whose(author)} page" if event else "Mail program",
        title=f"{author} pressed Send",
        sentence=where,
        state="done",
        at=event.at if event else None,
        mark=words.stamp(event.at) if event else "",
        facts=(Fact(f"To {trail.row.address}"), Fact(f"{trail.entry.size:,} bytes")),
    )


def _submitted(trail: Trail) -> Step:
    event = trail.event(Kind.SUBMITTED)
    detail = event.detail if event else {}
    at = event.at if event else trail.entry.created_at
    author = words.called(trail.author, trail.entry.sender)
    facts = [Fact("Encrypted", "secure")] if detail.get("tls") else []
    facts += [Fact(f"Number {trail.entry.reference}", "code")]
    facts += [Fact(f"<{trail.entry.message_id}>", "code")] if trail.entry.message_id else []
    return Step(
        number=2,
        short="Handed over",
        title=f"Your {'page' if trail.event(Kind.COMPOSED) else 'mail program'} handed it to your server",
        sentence=f"{trail.here} checked that you are {author}, took the message by SMTP and gave it a number.",
        state="done",
        at=at,
        since=words.since(_at(trail, Kind.COMPOSED), at),
        mark=words.since(_at(trail, Kind.COMPOSED), at) or words.stamp(at),
        facts=tuple(facts),
    )


def _queue(trail: Trail) -> Step:
    at = _at(trail, Kind.QUEUED) or trail.entry.created_at
    waiting = trail.state in ("leaving", "scheduled", "talking", "deferred", "held")
    slow = trail.state in ("deferred", "held", "scheduled")
    since = words.since(_at(trail, Kind.SUBMITTED), at)
    return Step(
        number=3,
        short="Queue",
        title="It is waiting in the queue" if waiting else "It waited in the queue",
        sentence=_queue_sentence(trail),
        state="slow" if slow else "done",
        at=at,
        since=f"{words.span(trail.now - at)} so\N{NO-BREAK SPACE}far" if slow and trail.now - at >= MINUTE else since,
        mark="on hold" if trail.state == "held" else "waiting" if waiting else since,
        facts=(*hop_facts(trail), *_demand(trail)),
        tries=tuple(tries(trail)) if len(trail.attempts) > 1 or waiting else (),
        talk=last_talk(trail) if trail.state == "deferred" else None,
    )


def _demand(trail: Trail) -> Iterable[Fact]:
    """Why mail waits that could have gone unprotected: who asked for more."""
    last = trail.last
    if trail.state == "deferred" and last and last.tls_policy not in ("", "none") and not last.tls_verified:
        yield Fact(words.sentence(last.tls_reason))


def _queue_sentence(trail: Trail) -> str:
    if trail.state == "held":
        return "Your server keeps the message until somebody releases it."
    if trail.state in ("deferred", "leaving", "scheduled", "talking"):
        return "Your server keeps the message safe and calls on its own."
    if trail.nearby:
        return f"Your server saw that {trail.there} lives on the same machine."
    last = trail.last
    if last and last.source == "mx":
        return f"Your server asked the directory (DNS) where mail for {trail.there} goes."
    if last and last.source == "route":
        return f"Your server has a fixed way for mail to {trail.there}, set by its administrator."
    if last and last.source == "address":
        return f"The directory (DNS) names no mail server for {trail.there}, so the domain’s own machine was called."
    return "Your server kept the message safe there."


def _between(trail: Trail) -> Step:
    last = trail.last
    if trail.state in ("leaving", "scheduled", "talking", "deferred", "held", "cancelled") or last is None:
        return _not_yet_between(trail)
    failed = trail.state in ("bounced", "expired")
    queued = _at(trail, Kind.QUEUED) or trail.entry.created_at
    took = words.since(last.started_at, last.finished_at)
    return Step(
        number=4,
        short="Between servers",
        title=_between_title(trail, last),
        sentence=_between_sentence(trail, last),
        state="halt" if failed else "done",
        at=last.started_at,
        since=words.since(queued, last.started_at),
        mark=_failure(trail, last) if failed else took,
        facts=tuple(_talk_facts(trail, last, took)),
        talk=None if trail.nearby else last_talk(trail),
    )


def _failure(trail: Trail, last: DeliveryAttempt) -> str:
    if trail.state == "expired":
        return "given up"
    return "refused" if last.remote_host else "nobody there"


def _not_yet_between(trail: Trail) -> Step:
    following = trail.state in ("deferred", "scheduled")
    stopped = trail.state == "cancelled"
    return Step(
        number=4,
        short="Between servers",
        title="The two servers talk",
        sentence="Never reached." if stopped else "Right now." if trail.state == "talking" else "Not yet.",
        state="todo",
        since=f"next: {words.clock(trail.row.next_attempt_at, trail.now)}" if following else "",
        talk=last_talk(trail) if stopped else None,
    )


def _between_title(trail: Trail, last: DeliveryAttempt) -> str:
    server = words.sentence(words.their_server(trail.called, trail.there))[:-1]
    if trail.nearby:
        return "No call was needed"
    if trail.state == "expired":
        return f"{server} did not take it in time"
    if trail.state == "bounced":
        return f"{server} refused it" if last.remote_host else "There was nobody to call"
    return "The two servers talked"


def _between_sentence(trail: Trail, last: DeliveryAttempt) -> str:
    if trail.nearby:
        return "Both mailboxes are on the same server, so the message never left it."
    if trail.state == "expired":
        return "Every answer was “not now”, and the time for trying is over."
    if trail.state == "bounced":
        final = "The answer is final (it starts with 5), so we stopped." if trail.row.reply_code else ""
        return final or words.sentence(trail.row.reply_text)
    calls = len(trail.attempts)
    which = f"the {ORDINALS[calls - 1]} attempt" if calls <= len(ORDINALS) else f"attempt {calls}"
    where = f"{host(last)} on port {last.remote_port}"
    return f"Your server called {where}, and they agreed on everything at {which}."


def _talk_facts(trail: Trail, last: DeliveryAttempt, took: str) -> Iterable[Fact]:
    if trail.nearby or not last.remote_host:
        return
    if last.tls:
        yield Fact(f"Encrypted, {last.tls}", "secure")
    elif any(side == "server" for _, side, _ in last.transcript):
        yield Fact("Not encrypted")
    if last.tls_reason:
        yield Fact(words.sentence(last.tls_reason))
    yield Fact(f"The call took {took.removeprefix('+')}")


def _mailbox(trail: Trail) -> Step:
    at = trail.stored.at if trail.stored else trail.row.finished_at
    before = trail.last.started_at if trail.last else None
    if trail.state in ("mailbox", "read") and trail.stored:
        title = f"{words.whose(trail.called)} server put it in the mailbox"
        return _arrived(trail, title, f"It is in the mailbox of {trail.row.address}.", at, before)
    if trail.state in ("handed", "read") and trail.reported:
        return path_reported.step(trail, trail.reported, before)
    if trail.state in ("handed", "read"):
        sentence = f"{trail.there} has confirmed that it takes care of it. The rest is theirs: it does not tell more."
        return _arrived(trail, f"Handed over to {trail.there}", sentence, at, before)
    if trail.state == "returned" and trail.returned:
        return Step(
            number=5,
            short="Mailbox",
            title=f"{trail.there} returned it",
            sentence=f"It had taken it, then sent a report: {trail.why_returned}",
            state="halt",
            at=trail.returned.at,
            since=words.since(before, trail.returned.at),
            mark="returned",
        )
    return _todo(trail, 5, "Mailbox", f"{words.whose(trail.called)} mailbox")


def _arrived(trail: Trail, title: str, sentence: str, at: datetime | None, before: datetime | None) -> Step:
    number = STORED_AS.search(trail.row.reply_text)
    said = f"Stored as {number[1]}" if number else trail.row.reply_text
    since = words.since(before, at)
    return Step(
        number=5,
        short="Mailbox" if trail.stored else "Handed over",
        title=title,
        sentence=sentence,
        state="done",
        at=at,
        since=since,
        mark=since,
        facts=(Fact(said, "code"),) if said else (),
    )


def _read(trail: Trail) -> Step:
    event = trail.event(Kind.READ)
    if event:
        before = trail.stored.at if trail.stored else trail.row.finished_at
        return Step(
            number=6,
            short="Read",
            title=f"{trail.called} read it",
            sentence=f"{trail.called} agreed to send a read receipt, so we know.",
            state="done",
            at=event.at,
            since=words.since(before, event.at),
            mark=words.stamp(event.at)[:5],
        )
    if trail.state in ("mailbox", "handed"):
        return Step(
            number=6,
            short="Read",
            title=f"{trail.called} reads it",
            sentence=f"Only a read receipt would tell, and {trail.called} decides about that.",
            state="todo",
        )
    return _todo(trail, 6, "Read", f"{trail.called} reads it")


def _todo(trail: Trail, number: int, short: str, title: str) -> Step:
    over = trail.state in ("bounced", "expired", "returned", "cancelled")
    return Step(number, short, title, "Never reached." if over else "Not yet.", "todo")
