"""Words and figures as people read them."""

from __future__ import annotations

from django import template

from mailserver.store.models import Mailbox
from webmail.rendering import shell, tools
from webmail.rendering.files import File
from webmail.rendering.listing import Listing
from webmail.rendering.rows import Row
from webmail.rendering.tools import Tool

register = template.Library()

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@register.filter
def filesize(octets: int) -> str:
    """'84 KB', '1.8 MB': two figures below 10, powers of 1024."""
    number, unit = float(octets), 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    if unit == 0:
        return f"{octets} {'byte' if octets == 1 else 'bytes'}"
    return f"{number:.1f} {_UNITS[unit]}" if number < 9.95 and number != int(number) else f"{number:.0f} {_UNITS[unit]}"


@register.filter
def mailbox_icon(box: Mailbox) -> str:
    return shell.ICONS.get(Mailbox.Use(box.special_use), "folder")


register.filter("mailbox_name", shell.mailbox_name)
register.filter("hue_class", lambda degrees: round(degrees / 15) % 24 * 15)


@register.filter
def mailbox_count(box: Mailbox) -> int:
    """The figure beside a folder: unread mail, or all drafts; 0 is not shown."""
    if box.special_use == Mailbox.Use.DRAFTS:
        return box.total
    return 0 if box.special_use in shell.UNCOUNTED else box.unseen


@register.filter
def row_tools(row: Row) -> list[Tool]:
    """The buttons that appear on a row."""
    return tools.for_row(row.use, unread=row.unread)


@register.filter
def bulk_tools(listing: Listing) -> list[Tool]:
    """The buttons for the rows ticked."""
    return tools.for_selection(listing.mailbox.special_use if listing.mailbox else "")


@register.filter
def total_size(files: list[File]) -> int:
    """Octets of several attachments."""
    return sum(file.size for file in files)
