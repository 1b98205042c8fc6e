"""MTA-STS as text (RFC 8461): the record in the DNS and the policy behind HTTPS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# RFC 8461 §3.2: about a year.
MAX_AGE = 31557600

Mode = Literal["enforce", "testing", "none"]
_MODES: dict[str, Mode] = {"enforce": "enforce", "testing": "testing", "none": "none"}

_ID = re.compile(r"v=STSv1[ \t]*;[ \t]*(?:[^;]*;[ \t]*)*?id=([A-Za-z0-9]{1,32})[ \t]*(?:;.*)?\Z", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*\Z")
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\Z")


class InvalidPolicy(ValueError):
    """The text is no policy of RFC 8461 §3.2."""


@dataclass(frozen=True, slots=True)
class Policy:
    mode: Mode
    mx: tuple[str, ...]
    max_age: int
    lines: tuple[str, ...]

    def names(self, host: str) -> bool:
        """Whether mail may go to the host (§4.1): `*.` stands for exactly one label."""
        host = host.lower().rstrip(".")
        parent = host.partition(".")[2]
        return any(host == pattern or (pattern[:2] == "*." and parent == pattern[2:]) for pattern in self.mx)


def identity(records: Sequence[bytes]) -> str | None:
    """The id that the TXT records of `_mta-sts.` tell; None unless exactly one speaks of STS and is right (§3.1)."""
    ours = [record.decode("ascii", "replace") for record in records if record.startswith(b"v=STSv1")]
    found = _ID.match(ours[0]) if len(ours) == 1 else None
    return found[1] if found else None


def parse(text: str) -> Policy:
    """A policy file. Of a field that comes twice the first counts, `mx` apart. Raises InvalidPolicy."""
    lines = tuple(line for line in re.split(r"\r?\n", text) if line.strip())
    first: dict[str, str] = {}
    patterns: list[str] = []
    for line in lines:
        found = _FIELD.match(line)
        if not found:
            raise InvalidPolicy(f"{line[:60]!r} is not a field of a policy")
        if found[1] == "mx":
            patterns.append(found[2])
        else:
            first.setdefault(found[1], found[2])
    if first.get("version") != "STSv1":
        raise InvalidPolicy("The version is not STSv1")
    mode = _MODES.get(first.get("mode", ""))
    if mode is None:
        raise InvalidPolicy("The mode is none of enforce, testing and none")
    age = first.get("max_age", "")
    if not re.fullmatch(r"[0-9]{1,10}", age):
        raise InvalidPolicy("max_age is not a number of seconds")
    if not patterns and mode != "none":
        raise InvalidPolicy("No mx is named")
    for pattern in patterns:
        if not _HOST.match(pattern):
            raise InvalidPolicy(f"{pattern[:60]!r} is not a host or *.domain")
    return Policy(mode, tuple(pattern.lower() for pattern in patterns), min(int(age), MAX_AGE), lines)
