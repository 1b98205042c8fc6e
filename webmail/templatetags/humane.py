"""Figures in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def grouped(number: int) -> str:
    """1083 → '1,083'."""
    return f"{number:,}"


@register.filter
def percent(share: float | None) -> str:
    """0.982 → '98.2 %', nothing yet → '–'."""
    if share is None:
        return "–"
    return "100 %" if share == 1 else f"{100 * share:.1f} %"


@register.filter
def seconds(number: float | None) -> str:
    """1.62 → '1.6 s', 90 → '2 min', 5400 → '1.5 h'."""
    if number is None:
        return "–"
    if number < 60:
        return f"{number:.1f} s"
    return f"{number / 60:.0f} min" if number < 3600 else f"{number / 3600:.1f} h"


@register.filter
def ahead(at: datetime) -> str:
    """How long until then: 'now', 'in 12 min'; beyond an hour the clock, beyond today the date too."""
    left = at - timezone.now()
    if left <= timedelta(seconds=30):
        return "now"
    if left < timedelta(hours=1):
        return f"in {max(1, round(left.total_seconds() / 60))} min"
    local = timezone.localtime(at)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local.day} {local:%b, %H:%M}"
