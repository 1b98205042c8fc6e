"""Colours in the HTML of messages: which keep their light sheet in the dark theme, and which can follow it."""

from __future__ import annotations

import re

_DECLARATION = re.compile(r"""(?P<before>[;"'\s])color\s*:\s*(?P<value>[^;"']+)(?P<after>;?)""", re.IGNORECASE)
_FONT = re.compile(r"""(?P<before><font[^>]*)\scolor=(?P<quote>["'])(?P<value>[^"']+)(?P=quote)""", re.IGNORECASE)
# Cleaned HTML has no < or > inside attributes, so that what people wrote about styles is never taken for one.
_TAG = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)
_GROUND = re.compile(r"""\s(?:bgcolor|background)=|[;"'\s]background(?:-color|-image)?\s*:""", re.IGNORECASE)
_HEX = re.compile(r"#(?:([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})|([0-9a-f])([0-9a-f])([0-9a-f]))", re.IGNORECASE)
_RGB = re.compile(r"rgb\(\s*(\d+)[,\s]+(\d+)[,\s]+(\d+)\s*\)", re.IGNORECASE)
_NAMED = {"black": (0, 0, 0), "dimgray": (105,) * 3, "dimgrey": (105,) * 3, "gray": (128,) * 3, "grey": (128,) * 3}
_WINDOWTEXT = frozenset({"windowtext", "inherit", "initial", "currentcolor"})
# How far red, green and blue may lie apart in a grey, and how bright ink and soft text are, of 255.
_APART, _INK, _SOFT = 24, 80, 160
SOFT = "light-dark(#59585a, #a9a69e)"


def adapted(html: str) -> str:
    """The HTML with black and grey type in the colours of the theme; left alone when it paints its own ground."""
    if _GROUND.search(_tags(html)):
        return html
    return _TAG.sub(lambda tag: _adapted_tag(tag[0]), html)


def has_own(html: str) -> bool:
    """Whether colours are left that only look right on the sheet they were made for."""
    tags = _tags(html)
    others = (found["value"] for found in _DECLARATION.finditer(tags) if SOFT not in found["value"] + ")")
    return bool(_GROUND.search(tags)) or any(_grey(value) is None for value in others) or bool(_FONT.search(tags))


def _tags(html: str) -> str:
    return "\n".join(_TAG.findall(html))


def _adapted_tag(tag: str) -> str:
    tag = _DECLARATION.sub(lambda found: _replacement(found["before"], found["value"], found["after"], found[0]), tag)
    return _FONT.sub(lambda found: found["before"] if _grey(found["value"]) is not None else found[0], tag)


def _replacement(before: str, value: str, after: str, whole: str) -> str:
    grey = _grey(value)
    if grey is None:
        return whole
    return before if grey <= _INK else f"{before}color: {SOFT}{after}"


def _grey(value: str) -> int | None:
    """The brightness of a black or grey fit for type on white, of 255; None for any other colour."""
    text = value.strip().casefold()
    if text in _WINDOWTEXT:
        return 0
    if found := _HEX.fullmatch(text):
        digits = [part for part in found.groups() if part]
        rgb = [int(part * (2 if len(part) == 1 else 1), 16) for part in digits]
    elif found := _RGB.fullmatch(text):
        rgb = [int(part) for part in found.groups()]
    elif text in _NAMED:
        rgb = list(_NAMED[text])
    else:
        return None
    return max(rgb) if max(rgb) - min(rgb) <= _APART and max(rgb) <= _SOFT else None
