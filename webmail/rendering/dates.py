"""Dates as a reader of mail says them, in the reader's time zone (Django's current one)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone


def short(at: datetime, now: datetime | None = None) -> str:
    """In a list: '14:05' for today and yesterday, which the group names; 'Tue', '12 May', 'May 2025'."""
    local, today = _local(at, now)
    days = (today - local.date()).days
    if days <= 1:
        return f"{local:%H:%M}"
    if days < 7:
        return f"{local:%a}"
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local:%b %Y}"


def brief(at: datetime, now: datetime | None = None) -> str:
    """On a folded message: '14:05' today, 'Sun' this week, then '12 May' and '12 May 2025'."""
    local, today = _local(at, now)
    days = (today - local.date()).days
    if 0 < days < 7:
        return f"{local:%a}"
    if days <= 0:
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b}" + ("" if local.year == today.year else f" {local.year}")


def long(at: datetime, now: datetime | None = None) -> str:
    """On an open message: 'Today, 14:05', 'Yesterday, 09:41', 'Sun 22 Nov, 14:05', '22 Nov 2025, 14:05'."""
    local, today = _local(at, now)
    days = (today - local.date()).days
    if days in (0, 1):
        day = ("Today", "Yesterday")[days]
    elif local.year == today.year:
        day = f"{local:%a} {local.day} {local:%b}"
    else:
        day = f"{local.day} {local:%b} {local.year}"
    return f"{day}, {local:%H:%M}"


def exact(at: datetime) -> str:
    """For the tooltip: 'Monday 23 November 2026, 14:05:02 CET'."""
    local = timezone.localtime(at)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}"


def group(at: datetime, now: datetime | None = None) -> str:
    """The heading a list shows above: Today, Yesterday, This week, Last week, then months."""
    local, today = _local(at, now)
    day = local.date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    monday = today - timedelta(days=today.weekday())
    if day >= monday:
        return "This week"
    if day >= monday - timedelta(days=7):
        return "Last week"
    return f"{local:%B}" if day.year == today.year else f"{local:%B %Y}"


def _local(at: datetime, now: datetime | None) -> tuple[datetime, date]:
    return timezone.localtime(at), timezone.localtime(now).date()
