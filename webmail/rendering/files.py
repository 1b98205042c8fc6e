"""Attachments as cards."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from mailserver.mail import names
from mailserver.store.models import Message
from webmail.rendering.frames import picture_url

_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")
MAX_PREVIEW = 8_000_000  # octets of a picture that is fetched for its preview
_SHEETS = ("spreadsheet", "excel", "csv")


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: `size` in octets when decoded; `picture` is a preview's address or ""."""

    name: str
    type: str
    size: int
    url: str
    picture: str

    @property
    def icon(self) -> str:
        if self.type.startswith("image/"):
            return "image"
        if self.type == "text/calendar":
            return "calendar"
        if self.type == "message/rfc822":
            return "mail"
        return "file-spreadsheet" if any(word in self.type for word in _SHEETS) else "file-text"


def of(message: Message) -> list[File]:
    """The message's attachments in their order."""
    found = []
    for name, kind, size, section in message.attachments:
        shown = kind in _SHOWN and size <= MAX_PREVIEW
        found.append(
            File(
                name=names.file_name(name, names.for_type(kind, section)),
                type=kind,
                size=size,
                url=reverse("attachment", args=[message.pk, section]),
                picture=picture_url(message.pk, section) if shown else "",
            )
        )
    return found
