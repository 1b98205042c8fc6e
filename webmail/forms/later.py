"""When a message is to leave: a choice of the menu beside Send, or a moment in the writer's own time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone

from mailserver.mail import futurerelease

MORNING = time(8)

_MOMENT = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], required=True)


def moment(data: Mapping[str, str]) -> datetime | None:
    """What `later` (and with "at" `later_at`) of a posted form asks for; `confirmed` repeats it after a question. None
    to send at once.

    Raises forms.ValidationError for what is no moment, or over, or more than a year away.
    """
    choice, now = data.get("later") or data.get("confirmed", "").removeprefix("1"), timezone.localtime()
    match choice:
        case "":
            return None
        case "tomorrow":
            return _morning(now, 1)
        case "monday":
            return _morning(now, 7 - now.weekday())
        case "at":
            return given(data.get("later_at", ""))
    raise forms.ValidationError("Choose when to send it.", code="unknown")


def _morning(now: datetime, days: int) -> datetime:
    return timezone.make_aware(datetime.combine(now.date() + timedelta(days), MORNING), now.tzinfo)


def given(text: str) -> datetime:
    """What a field for day and time says. Raises forms.ValidationError as `moment`."""
    now = timezone.now()
    try:
        found: datetime = _MOMENT.clean(text)
    except forms.ValidationError as error:
        raise forms.ValidationError("Say the day and the time to send it.", code="no moment") from error
    if found <= now:
        raise forms.ValidationError("That moment is over.", code="over")
    if found > now + futurerelease.LONGEST:
        raise forms.ValidationError("Choose a day within a year.", code="far")
    return found
