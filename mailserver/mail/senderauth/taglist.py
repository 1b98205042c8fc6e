"""`tag=value; tag=value`: how DKIM signatures, their keys and DMARC records are written (RFC 6376 §3.2)."""

from __future__ import annotations

import re

MAX_OCTETS = 64 * 1024
MAX_TAGS = 100

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SPACE = re.compile(r"[ \t\r\n]+")


class BadTags(ValueError):
    """The text is no tag list, or names a tag twice. The message is fixed text, fit for a header comment."""


def parse(octets: bytes) -> dict[str, str]:
    """Values by tag, in order, white space around both taken off. Names are case-sensitive. Raises BadTags."""
    if len(octets) > MAX_OCTETS:
        raise BadTags("tag list too long")
    parts = octets.decode("utf-8", "replace").split(";", MAX_TAGS)
    if len(parts) > MAX_TAGS:
        raise BadTags("too many tags")
    if not parts[-1].strip():
        parts.pop()
    tags: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            raise BadTags("malformed tag list")
        if name in tags:
            raise BadTags("a tag stands twice")
        tags[name] = value.strip()
    return tags


def without_space(value: str) -> str:
    """A value in which white space means nothing, such as base64 or a list of names."""
    return _SPACE.sub("", value)
