"""Words and figures as people read them."""

from __future__ import annotations

from django import template

from mailserver.store.models import Mailbox
from webmail.rendering.shell import ICONS, UNCOUNTED

register = template.Library()

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@register.filter
def filesize(octets: int) -> str:
    """'84 KB', '1.8 MB': two figures below 10, powers of 1000 as sellers of disks count."""
    number, unit = float(octets), 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    if unit == 0:
        return f"{octets} {'byte' if octets == 1 else 'bytes'}"
    return f"{number:.1f} {_UNITS[unit]}" if number < 9.95 else f"{number:.0f} {_UNITS[unit]}"


@register.filter
def mailbox_icon(box: Mailbox) -> str:
    return ICONS.get(Mailbox.Use(box.special_use), "folder")


@register.filter
def mailbox_name(box: Mailbox) -> str:
    """What the page calls a folder: 'Inbox' for INBOX, the last level for others."""
    return Mailbox.Use(box.special_use).label if box.special_use else box.name


@register.filter
def mailbox_count(box: Mailbox) -> int:
    """The figure beside a folder: unread mail, or all drafts; 0 is not shown."""
    if box.special_use == Mailbox.Use.DRAFTS:
        return box.total
    return 0 if box.special_use in UNCOUNTED else box.unseen
