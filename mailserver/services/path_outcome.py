"""The headline of a way: how it stands, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from mailserver.mail import explain
from mailserver.mail.explain import Explanation
from mailserver.services import path_reported
from mailserver.services import path_words as words
from mailserver.services.path import WayState
from mailserver.services.path_trail import Trail
from mailserver.store.models import Event

Outcome = tuple[str, str]

SOON = timedelta(seconds=30)


def outcome(trail: Trail) -> Outcome:
    """(headline, lead) of the way to one recipient."""
    return _OUTCOMES[trail.state](trail)


def _read(trail: Trail) -> Outcome:
    event = trail.event(Event.Kind.READ)
    at = words.clock(event.at, trail.now) if event else ""
    return f"{trail.called} read it at {at}.", f"{_reached(trail)} Every step below is what really happened."


def _mailbox(trail: Trail) -> Outcome:
    lead = f"{_reached(trail)} Whether it has been read, only a receipt from {trail.called} could tell."
    return f"It is in {words.whose(trail.called)} mailbox.", lead


def _reached(trail: Trail) -> str:
    start, end = trail.entry.created_at, trail.row.finished_at
    left = "it left your page" if trail.entry.account_id else "it came here to be passed on"
    return f"It reached {trail.there} {words.span(end - start)} after {left}." if end else ""


def _handed(trail: Trail) -> Outcome:
    if trail.reported:
        return path_reported.headline(trail, trail.reported), path_reported.lead(trail, trail.reported)
    at = words.clock(trail.row.finished_at, trail.now) if trail.row.finished_at else ""
    lead = f"Its server confirmed that at {at} and is responsible for it since. What happens there, it does not tell."
    return f"{trail.there} has taken it for {trail.called}.", lead


def _leaving(trail: Trail) -> Outcome:
    return "It is about to leave.", "Your server has it safe, and a worker is called for it. You need not do anything."


def _scheduled(trail: Trail) -> Outcome:
    at = words.clock(trail.row.next_attempt_at, trail.now)
    return f"It leaves at {at}.", "Until then it waits on your server, and you can still stop it."


def _talking(trail: Trail) -> Outcome:
    return f"It is being handed to {trail.there} right now.", "Look again in a moment."


def _explained(trail: Trail, *, final: bool) -> Explanation:
    row = trail.row
    return explain.explain(row.reply_code, row.reply_enhanced, row.reply_text, row.address, final=final)


def _deferred(trail: Trail) -> Outcome:
    server = words.their_server(trail.called, trail.there)
    if trail.row.reply_code is not None:
        headline = f"Not delivered yet. {words.sentence(server)[:-1]} asked us to come back later."
    else:
        headline = f"Not delivered yet. We could not hand it to {server}."
    why = _explained(trail, final=False)
    return headline, f"{why.reason} {why.advice} {_next(trail)}"


def _next(trail: Trail) -> str:
    """When the next tries are."""
    at = trail.row.next_attempt_at
    until = words.until(trail.entry.not_before + settings.CORREIO.expire_after, trail.now)
    if at <= trail.now + SOON:
        return f"The next try is about to begin; others follow, more and more slowly, until {until}."
    wait = words.span(at - trail.now)
    return f"The next try is at {words.clock(at, trail.now)}, in {wait}, then more and more slowly until {until}."


def _held(trail: Trail) -> Outcome:
    event = trail.event(Event.Kind.HELD)
    by = f"{event.detail.get('by')} stopped it at {words.clock(event.at, trail.now)}. " if event else ""
    return "It is being held on your server.", f"{by}It leaves when it is released; nothing is lost."


def _cancelled(trail: Trail) -> Outcome:
    event = trail.event(Event.Kind.CANCELLED)
    at = f" at {words.clock(event.at, trail.now)}" if event else ""
    return f"It was stopped before it reached {trail.called}.", f"That was{at}. Your server does not try again."


def _bounced(trail: Trail) -> Outcome:
    why = _explained(trail, final=True)
    return why.headline, why.advice


def _expired(trail: Trail) -> Outcome:
    time, why = words.span(settings.CORREIO.expire_after), _explained(trail, final=True)
    headline = f"Couldn’t deliver to {trail.row.address} within {time}."
    return headline, f"{why.reason} {why.advice} Your server made {trail.row.attempts} tries and has stopped."


def _returned(trail: Trail) -> Outcome:
    lead = f"{trail.why_returned} The report of its server is in your Inbox."
    return f"{trail.there} took it first, but could not deliver it to {trail.row.address}.", lead


_OUTCOMES: dict[WayState, Callable[[Trail], Outcome]] = {
    "read": _read,
    "mailbox": _mailbox,
    "handed": _handed,
    "leaving": _leaving,
    "scheduled": _scheduled,
    "talking": _talking,
    "deferred": _deferred,
    "held": _held,
    "cancelled": _cancelled,
    "bounced": _bounced,
    "expired": _expired,
    "returned": _returned,
}
