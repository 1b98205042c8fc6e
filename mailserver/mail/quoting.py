"""Answering and passing on: subjects, attribution lines and quotes."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from html import escape

from mailserver.mail import bodies, htmllayout, structure
from mailserver.mail.addresslists import HeaderAddress, format_list
from mailserver.mail.html import sanitise
from mailserver.mail.message import Parsed
from mailserver.mail.threading import is_forward, is_reply

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

_MAX_QUOTED = 1024 * 1024


def reply_subject(subject: str) -> str:
    """`Re: …`, once, whatever language the mark was in."""
    subject = subject.strip()
    return subject if is_reply(subject) else f"Re: {subject}".strip()


def forward_subject(subject: str) -> str:
    """`Fwd: …`, once."""
    subject = subject.strip()
    return subject if is_forward(subject) else f"Fwd: {subject}".strip()


def attribution(parsed: Parsed, *, zone: tzinfo = UTC) -> str:
    """`On 12 May 2026 at 14:05, Bob wrote:` in the reader's time zone; without a date `Bob wrote:`."""
    who = _who(parsed.sender)
    return f"On {_moment(parsed.date, zone)}, {who} wrote:" if parsed.date else f"{who} wrote:"


def original_text(raw: bytes, root: structure.Part) -> str:
    """The text of a message as it would be quoted: its plain text, else that of its HTML."""
    pieces = []
    for part in _first(bodies.select(root).plain):
        if part.type == "text/html":
            pieces.append(htmllayout.to_text(structure.text(raw, part)))
        elif part.type == "text/plain":
            pieces.append(structure.text(raw, part).strip("\n"))
    return "\n\n".join(filter(None, pieces))


def original_html(raw: bytes, root: structure.Part) -> str:
    """The HTML of a message, not cleaned; text of messages without HTML as paragraphs of it."""
    pieces = []
    for part in _first(bodies.select(root).html):
        if part.type == "text/html":
            pieces.append(structure.text(raw, part))
        elif part.type == "text/plain":
            pieces.append(escape(structure.text(raw, part).strip("\n")).replace("\n", "<br>"))
    return "<br>".join(pieces)


def quote_text(parsed: Parsed, text: str, *, zone: tzinfo = UTC) -> str:
    """Attribution and the text behind `> `; the signature is left out."""
    own = text.split("\n-- \n", 1)[0].rstrip()
    lines = [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in own.split("\n")]
    return "\n".join([attribution(parsed, zone=zone), *lines]) + "\n"


def quote_html(
    parsed: Parsed,
    html: str,
    *,
    zone: tzinfo = UTC,
    remote: bool = False,
    cid_url: Callable[[str], str | None] = lambda _: None,
) -> str:
    """Attribution and the sanitised HTML in a blockquote."""
    clean = sanitise(html, remote=remote, cid_url=cid_url).html
    return f'<p>{escape(attribution(parsed, zone=zone))}</p><blockquote type="cite">{clean}</blockquote>'


def forward_text(parsed: Parsed, text: str, *, zone: tzinfo = UTC) -> str:
    """The text under a short copy of its header."""
    header = "\n".join(f"{name}: {value}" for name, value in _header(parsed, zone))
    return f"---------- Forwarded message ----------\n{header}\n\n{text.strip()}\n"


def forward_html(
    parsed: Parsed,
    html: str,
    *,
    zone: tzinfo = UTC,
    remote: bool = False,
    cid_url: Callable[[str], str | None] = lambda _: None,
) -> str:
    """The sanitised HTML under a short copy of its header."""
    header = "<br>".join(f"{name}: {escape(value)}" for name, value in _header(parsed, zone))
    clean = sanitise(html, remote=remote, cid_url=cid_url).html
    return f"<p>---------- Forwarded message ----------<br>{header}</p>{clean}"


def _first(parts: list[structure.Part]) -> list[structure.Part]:
    """The parts that are worth quoting: as many as 1 MB holds."""
    room = _MAX_QUOTED
    chosen: list[structure.Part] = []
    for part in parts:
        room -= part.size
        if chosen and room < 0:
            break
        chosen.append(part)
    return chosen


def _header(parsed: Parsed, zone: tzinfo) -> list[tuple[str, str]]:
    lines = [("From", str(parsed.sender) if parsed.sender else "")]
    lines.append(("Date", _moment(parsed.date, zone) if parsed.date else ""))
    lines += [("Subject", parsed.subject), ("To", format_list(parsed.to)), ("Cc", format_list(parsed.cc))]
    return [(name, value) for name, value in lines if value]


def _who(person: HeaderAddress | None) -> str:
    return (person.name or person.address) if person else "Somebody"


def _moment(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.day} {month_name[local.month]} {local.year} at {local:%H:%M}"
