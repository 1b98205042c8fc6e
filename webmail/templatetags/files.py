"""How files are shown."""

from __future__ import annotations

from django import template

register = template.Library()

_BY_TYPE = {
    "image": "image",
    "text/calendar": "calendar",
    "message/rfc822": "mail",
    "text/csv": "file-spreadsheet",
    "application/vnd.ms-excel": "file-spreadsheet",
    "application/vnd.oasis.opendocument.spreadsheet": "file-spreadsheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "file-spreadsheet",
}


@register.filter
def file_icon(media_type: str) -> str:
    """The icon of a file by its declared type."""
    return _BY_TYPE.get(media_type) or _BY_TYPE.get(media_type.partition("/")[0], "file-text")
