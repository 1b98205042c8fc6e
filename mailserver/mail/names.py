"""Names that strangers chose, made safe to show and to save under."""

from __future__ import annotations

import mimetypes
import re
import unicodedata

from mailserver.mail import charset
from mailserver.mail.addresslists import HeaderAddress

MAX_FILE_NAME = 200
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*]+')
# Characters that change how others are shown: bidirectional controls, invisible fillers, tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_ADDRESS = re.compile(r"[^\s<>()\"',;:@]+@[^\s<>()\"',;:@]+\.[^\s<>()\"',;:@]+")
_EXTENSIONS = {"message/rfc822": ".eml", "text/plain": ".txt", "text/calendar": ".ics", "image/jpeg": ".jpg"}


def file_name(name: str, fallback: str = "attachment") -> str:
    """A file name without folders, control or direction characters and leading dots, at most 200 characters."""
    name = re.split(r"[/\\]", charset.storable(name))[-1]
    name = _INVISIBLE.sub("", _UNSAFE.sub(" ", name))
    name = " ".join(name.split()).lstrip(". ").rstrip(". ")
    if len(name) > MAX_FILE_NAME:
        stem, dot, extension = name.rpartition(".")
        ending = f".{extension}" if dot and stem and len(extension) <= 10 else ""
        name = name[: MAX_FILE_NAME - len(ending)] + ending
    return name or fallback


def for_type(kind: str, number: str) -> str:
    """A name for an unnamed part: `part-2.jpg` from its type and section."""
    extension = _EXTENSIONS.get(kind) or mimetypes.guess_extension(kind) or ".bin"
    return f"part-{number}{extension}"


def visible(text: str) -> str:
    """The text with characters that only mislead the eye replaced by a mark (U+FFFD)."""
    return text if text.isascii() else _INVISIBLE.sub("�", text)


def display_name(person: HeaderAddress) -> str:
    """The name to show beside the address; `''` when it poses as another address than the real one."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", person.name)).casefold()
    for posed in _ADDRESS.findall(folded):
        if posed.strip(".'\"") != person.address.casefold():
            return ""
    return visible(person.name)
