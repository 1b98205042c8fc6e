"""Plain text of a message as HTML: links, quotes folded, signature set back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Kind = Literal["text", "quote", "signature"]

_LINK = re.compile(
    r"(?P<url>https?://[^\s<>\"'`{}|\\^\u200b\u202a-\u202e]{1,2000})"
    r"|(?P<mail>[\w.!#$%&*+/=?^`{|}~-]{1,64}@(?:[\w-]+\.)+[\w-]{2,63})",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?…»”’"
_BRACKETS = {")": "(", "]": "["}
_ATTRIBUTION = re.compile(
    r"^(On|Le|El|Am|Em|Il|Op|Den)\b.{5,200}:$|^\S.{0,200}(wrote|a écrit|schrieb|escreveu|escribió)\s*:$"
)
_SIGNATURE = "-- "
# Widths at which programs break lines, and what begins a line of its own: lists, quotes, indented text.
_WRAPPED = (60, 80)
_STARTS = re.compile(r"[\s>*•–—|+=_-]|\d{1,3}[.)]\s")
MAX_LINKS = 2000
MAX_RUNS = 1000  # what follows stays as it was typed


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of lines. A quote at the end is folded: the conversation shows that message itself."""

    kind: Kind
    html: SafeString
    folded: bool = False


def pieces(text: str) -> list[Piece]:
    """The text from top to bottom."""
    lines = text.rstrip("\n").split("\n")
    runs = [(kind, list(group)) for kind, group in _runs(lines)]
    if len(runs) > MAX_RUNS:
        runs = [*runs[:MAX_RUNS], ("text", [line for _, group in runs[MAX_RUNS:] for line in group])]
    last_quote = _quote_at_end(runs)
    found = []
    for number, (kind, run) in enumerate(runs):
        body = "\n".join(_unwrapped([_unquoted(line) for line in run] if kind == "quote" else run))
        if body.strip():
            html = linked(body.strip("\n"))
            found.append(Piece(kind, html, folded=number == last_quote and number > 0))
    return found


def linked(text: str) -> SafeString:
    """The text escaped, with links that open elsewhere and tell nobody where they were."""
    out: list[str] = []
    end = 0
    for count, found in enumerate(_LINK.finditer(text)):
        if count >= MAX_LINKS:
            break
        shown = _without_trailing(found[0])
        href = shown if found["url"] else f"mailto:{shown}"
        out.append(escape(text[end : found.start()]))
        out.append(
            f'<a class="link" href="{escape(href)}" target="_blank" rel="noopener noreferrer">{escape(shown)}</a>'
        )
        end = found.start() + len(shown)
    out.append(escape(text[end:]))
    return mark_safe("".join(out))  # noqa: S308  # every piece is escaped above


def unflowed(text: str, *, delsp: bool = False) -> str:
    """Paragraphs of format=flowed as one line each (RFC 3676 §4): a line that ends in a space goes on in the next."""
    # Pieces of each paragraph: adding line after line to one string would copy it each time.
    paragraphs: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:].removeprefix(" ")
        flows = body.endswith(" ") and body != _SIGNATURE
        shown = body[:-1] if flows and delsp else body
        if open_depth == depth:
            paragraphs[-1].append(shown)
        else:
            paragraphs.append([f"{'>' * depth} ", shown] if depth else [shown])
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in paragraphs)


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines that a program broke at a fixed width as paragraphs again; lines a person broke stay.

    A line was broken by a program when the next line's first word had no room on it.
    """
    width = max(map(len, lines), default=0)
    if not _WRAPPED[0] <= width <= _WRAPPED[1]:
        return lines
    paragraphs: list[list[str]] = []
    room = width + 1
    for line in lines:
        first = line.split(" ", 1)[0]
        if paragraphs and first and not _STARTS.match(line) and room + len(first) > width:
            paragraphs[-1][-1] = paragraphs[-1][-1].rstrip()
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
        room = len(line) + 1 if line.strip() and not line.startswith((" ", "\t", ">")) else -width
    return [" ".join(pieces) for pieces in paragraphs]


def _runs(lines: list[str]) -> Iterator[tuple[Kind, Iterator[str]]]:
    kinds: list[Kind] = []
    signed = False
    for number, line in enumerate(lines):
        signed = signed or line == _SIGNATURE
        quoted = line.startswith(">") or _introduces_quote(lines, number)
        kinds.append("quote" if quoted else "signature" if signed else "text")
    # Blank lines inside a quote belong to it.
    for number in range(1, len(lines) - 1):
        if not lines[number].strip() and kinds[number - 1] == "quote" and "quote" in kinds[number + 1 : number + 2]:
            kinds[number] = "quote"
    for kind, group in groupby(zip(kinds, lines, strict=True), key=lambda pair: pair[0]):
        yield kind, (line for _, line in group if line != _SIGNATURE)


def _introduces_quote(lines: list[str], number: int) -> bool:
    """'On Sunday, Alice wrote:' right above a quote."""
    below = next((line for line in lines[number + 1 : number + 3] if line.strip()), "")
    return below.startswith(">") and bool(_ATTRIBUTION.match(lines[number].strip()))


def _quote_at_end(runs: list[tuple[Kind, list[str]]]) -> int:
    """The run that is a quote with nothing but blank lines and a signature after it, or -1."""
    for number in range(len(runs) - 1, -1, -1):
        kind, lines = runs[number]
        if kind == "quote":
            return number
        if kind == "text" and any(line.strip() for line in lines):
            return -1
    return -1


def _unquoted(line: str) -> str:
    return line[1:].removeprefix(" ") if line.startswith(">") else line


def _without_trailing(url: str) -> str:
    """A full stop or a closing bracket behind a link belongs to the sentence."""
    while url:
        last = url[-1]
        if last in _TRAILING or (last in _BRACKETS and url.count(last) > url.count(_BRACKETS[last])):
            url = url[:-1]
        else:
            break
    return url
