"""Style attributes of strangers: properties by allow-list, values without anything that fetches or covers."""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_STYLE = 8 * 1024
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})[ \t\r\n\f]?|(.))", re.DOTALL)
_URL = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)]*?))\s*\)", re.IGNORECASE)
# what stands for a checked picture while the rest of the value is checked
_PICTURE = "url(#)"
_VALUE = re.compile(r"[\w\s#%.,()'\"!+*/-]*")
_FUNCTION = re.compile(r"([\w-]*)\(")
_FUNCTIONS = frozenset(
    {"rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp", "linear-gradient", "radial-gradient", ""}
)
# Heights that follow the window make a frame that follows its content grow without end.
_WINDOW_UNIT = re.compile(r"\d(?:[dsl]?v(?:h|min|max|b))\b", re.IGNORECASE)
_NEGATIVE = re.compile(r"(?<![\w)])-\s*\.?\d")
_PICTURED = frozenset({"background", "background-image"})
# Nothing that takes an element out of the flow, moves it over others or animates it.
_PROPERTIES = _PICTURED | {
    *("background-color", "background-position", "background-repeat", "background-size", "background-clip"),
    *("border", "border-collapse", "border-spacing", "border-color", "border-style", "border-width", "border-radius"),
    *("border-top-left-radius", "border-top-right-radius", "border-bottom-left-radius"),
    *("border-bottom-right-radius", "box-sizing", "caption-side", "clear", "color", "direction", "display"),
    *("empty-cells", "float", "font", "font-family", "font-size", "font-style", "font-variant", "font-weight"),
    *("height", "letter-spacing", "line-height", "list-style", "list-style-position", "list-style-type"),
    *("max-height", "max-width", "min-height", "min-width", "opacity", "overflow", "overflow-wrap"),
    *("table-layout", "text-align", "text-decoration", "text-decoration-color", "text-decoration-line"),
    *("text-indent", "text-overflow", "text-transform", "vertical-align", "visibility", "white-space", "width"),
    *("word-break", "word-spacing", "word-wrap", "margin", "padding"),
    *(f"{box}-{side}" for box in ("margin", "padding", "border") for side in ("top", "right", "bottom", "left")),
    *(
        f"border-{side}-{aspect}"
        for side in ("top", "right", "bottom", "left")
        for aspect in ("color", "style", "width")
    ),
}


def clean(style: str, picture: Callable[[str], str | None]) -> str:
    """The declarations that may stay, `; ` between them; `picture` says what a URL becomes, None to leave it out."""
    if len(style) > MAX_STYLE:
        return ""
    plain = _ESCAPE.sub(_unescaped, _COMMENT.sub("", style))
    kept = []
    for declaration in _declarations(plain):
        name, separator, value = declaration.partition(":")
        name = name.strip().lower()
        if separator and name in _PROPERTIES and (found := _value(name, value.strip(), picture)):
            kept.append(f"{name}: {found}")
    return "; ".join(kept)


def _unescaped(found: re.Match[str]) -> str:
    if not found[1]:
        return found[2] or ""
    code = int(found[1], 16)
    return chr(code) if 0x20 <= code < 0xD800 or 0xDFFF < code <= 0x10FFFF else " "


def _declarations(style: str) -> list[str]:
    """Cut at semicolons outside quotes and brackets; an unclosed one takes the rest with it, as in browsers."""
    found, start, depth, quote = [], 0, 0, ""
    for at, character in enumerate(style):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character == ";" and not depth:
            found.append(style[start:at])
            start = at + 1
    found.append(style[start:])
    return found


def _value(name: str, value: str, picture: Callable[[str], str | None]) -> str:
    """The value if nothing in it is forbidden, pictures replaced; `''` drops the declaration."""
    pictures: list[str] = []
    if name in _PICTURED:

        def replaced(found: re.Match[str]) -> str:
            url = picture((found[1] or found[2] or found[3] or "").strip())
            if url is None:
                return ""
            pictures.append(url)
            return _PICTURE

        value = _URL.sub(replaced, value).strip()
    bare = value.replace(_PICTURE, "") if len(pictures) == value.count(_PICTURE) else "<"
    if not value or not _VALUE.fullmatch(bare) or _WINDOW_UNIT.search(bare):
        return ""
    if any(function.lower() not in _FUNCTIONS for function in _FUNCTION.findall(bare)):
        return ""
    if name.startswith(("margin", "text-indent", "letter-spacing")) and _NEGATIVE.search(bare):
        return ""
    if bare.count('"') % 2 or bare.count("'") % 2 or bare.count("(") != bare.count(")"):
        return ""
    for url in pictures:
        value = value.replace(_PICTURE, f'url("{_spelled(url)}")', 1)
    return " ".join(value.split())


def _spelled(url: str) -> str:
    """The URL as it can stand between double quotes."""
    return re.sub(r"[\s\"'()\\<>{};]", lambda found: f"%{ord(found[0]):02X}", url)
