from __future__ import annotations

from django import template

from mailserver.services import receipts
from mailserver.store.models import Message

register = template.Library()


@register.filter
def receipt_wish(message: Message) -> receipts.Request | None:
    """The wish to be told that a message was read, as long as its reader has not decided."""
    return receipts.requested(message)
