"""Asking rspamd how much a message looks like spam: POST /checkv2 (rspamd.com, "Rspamd protocol")."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mailserver.mail.spam.judgement import Reason

SECONDS = 10.0
CHUNK = 64 * 1024
MOST_ANSWER = 1024 * 1024
MOST_RECIPIENTS = 100
# Symbols that are told one by one; the points of all others are added up.
MOST_SYMBOLS = 12
_LEAST_POINTS = 0.05
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r\n)")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_CODED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_UNSAFE = re.compile(r"[^ -~\x80-\U0010ffff]+")


class RspamdError(Exception):
    """No verdict: rspamd is away, too slow, or said something else."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What rspamd wants to know besides the message. `sender` is "" for a bounce, `user` who signed in."""

    peer: str
    helo: str
    sender: str
    recipients: Sequence[str] = ()
    user: str = ""


async def check(url: str, content: bytes, envelope: Envelope, *, seconds: float = SECONDS) -> tuple[Reason, ...]:
    """What rspamd found, as reasons whose points add up to its score; none when it passed the message over.

    `url` is that of its normal worker, such as `http://127.0.0.1:11333`. Raises RspamdError.
    """
    try:
        async with asyncio.timeout(seconds):
            body = await _post(url, content, envelope)
    except TimeoutError as late:
        raise RspamdError(f"no answer in {seconds:g} s") from late
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as trouble:
        raise RspamdError(f"{type(trouble).__name__}: {trouble}") from trouble
    try:
        return read(json.loads(body))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as wrong:
        raise RspamdError(f"its answer cannot be read: {body[:100]!r}") from wrong


def read(answer: Mapping[str, Any]) -> tuple[Reason, ...]:
    """The reasons in a decoded answer. Raises ValueError, TypeError, AttributeError or KeyError for another shape."""
    if answer.get("is_skipped"):
        return ()
    score = _points(answer["score"])
    symbols = [(str(name), _points(found["score"]), found) for name, found in answer.get("symbols", {}).items()]
    symbols = [symbol for symbol in symbols if abs(symbol[1]) >= _LEAST_POINTS]
    symbols.sort(key=lambda symbol: (-abs(symbol[1]), symbol[0]))
    told = [Reason(f"rspamd {name}", points, _sentence(name, found)) for name, points, found in symbols[:MOST_SYMBOLS]]
    # What is not told, and what rspamd changed about the sum.
    rest = score - sum(reason.points for reason in told)
    if abs(rest) >= _LEAST_POINTS:
        told.append(Reason("rspamd", round(rest, 2), "rspamd: everything else it looked at."))
    return tuple(told)


def _points(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no score")
    return float(value)


def _sentence(name: str, symbol: Mapping[str, Any]) -> str:
    text = _UNSAFE.sub(" ", str(symbol.get("description") or name)).strip()[:200]
    return f"rspamd: {text.rstrip('.')}."


async def _post(url: str, content: bytes, envelope: Envelope) -> bytes:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(host, port, ssl=secure or None)
    try:
        # HTTP/1.0: the answer comes in one piece and the connection ends with it.
        head = [f"POST {parts.path.rstrip('/')}/checkv2 HTTP/1.0", f"Host: {parts.netloc.rpartition('@')[2]}"]
        head += [f"Content-Length: {len(content)}", *(f"{name}: {value}" for name, value in _headers(envelope))]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode("utf-8", "replace"))
        octets = memoryview(content)
        for at in range(0, len(octets), CHUNK):
            writer.write(octets[at : at + CHUNK])
            await writer.drain()
        return await _answer(reader)
    finally:
        writer.transport.abort()


def _headers(envelope: Envelope) -> Iterable[tuple[str, str]]:
    """Strangers wrote most of it: whatever could end a line becomes a space."""
    pairs = [("IP", envelope.peer), ("Helo", envelope.helo), ("From", envelope.sender), ("User", envelope.user)]
    pairs += [("Rcpt", recipient) for recipient in envelope.recipients[:MOST_RECIPIENTS]]
    for name, value in pairs:
        # An empty From is the null sender; other fields say nothing when they are empty.
        if value or name == "From":
            yield name, _UNSAFE.sub(" ", value)[:400]


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    status = _STATUS.match(head)
    if not status or status[1] != b"200" or _CODED.search(head):
        raise RspamdError(f"it said {head[:100]!r}")
    length = _LENGTH.search(head)
    size = int(length[1]) if length else None
    if size is not None and size > MOST_ANSWER:
        raise RspamdError(f"its answer has {size} octets")
    if size is not None:
        return await reader.readexactly(size)
    body = b""
    while len(body) <= MOST_ANSWER:
        piece = await reader.read(CHUNK)
        if not piece:
            return body
        body += piece
    raise RspamdError("its answer does not end")
