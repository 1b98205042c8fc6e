"""Tables that become a list of cards on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def labelled(cells: Iterable[SafeString], headers: Iterable[Mapping[str, object]]) -> Iterator[SafeString]:
    """The cells of a change list, each `<td>` with the name of its column, which has no heading on a phone."""
    for cell, header in zip(cells, headers, strict=True):
        text = str(header["text"])
        label = format_html('<td data-label="{}"', text[:1].upper() + text[1:])
        # the cell is Django’s own output
        yield mark_safe(cell.replace("<td", label, 1)) if cell.startswith("<td") else cell  # noqa: S308
