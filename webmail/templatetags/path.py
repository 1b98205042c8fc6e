"""Times and states on the path of a message."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone

from mailserver.services.path import Way
from webmail.rendering import dates

register = template.Library()
register.filter("exact", dates.exact)

_STATES = {
    "scheduled": "planned",
    "leaving": "leaving",
    "talking": "being sent",
    "deferred": "waiting",
    "held": "on hold",
    "handed": "handed over",
    "mailbox": "in the mailbox",
    "read": "read",
    "returned": "returned",
    "bounced": "refused",
    "expired": "given up",
    "cancelled": "stopped",
    "received": "received",
}


@register.filter
def moment(at: datetime, precision: str = "ms") -> str:
    """'14:05:02.118' today, '22 Nov, 14:05:02.118' on another day; with "s" without the thousandths."""
    local = timezone.localtime(at)
    clock = f"{local:%H:%M:%S}" + (f".{local.microsecond // 1000:03}" if precision == "ms" else "")
    return clock if local.date() == timezone.localdate() else f"{local.day} {local:%b}, {clock}"


@register.filter
def state_words(way: Way) -> str:
    if way.state == "bounced" and not way.reply[:1].isdigit():
        return "not delivered"  # nobody was there to refuse it
    return _STATES[way.state]


@register.filter
def tone(way: Way) -> str:
    """The colour of a state: only what wants attention has one."""
    if way.failed:
        return "bad"
    return "warn" if way.state in ("deferred", "held") else "soft"


@register.filter
def pause(way: Way) -> str:
    """How soon the page looks again by itself, should the live stream be away."""
    return "30s" if way.state in ("deferred", "scheduled") else "3s"
