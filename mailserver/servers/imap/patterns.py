"""Patterns of LIST (RFC 9051 §6.3.9): `*` is anything, `%` anything on one level. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence


class Matcher:
    """Whether a name matches one of the patterns: `*` is anything, `%` anything on one level."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(_expression(pattern), re.DOTALL) for pattern in patterns]

    def __call__(self, path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern in self._patterns)


def matcher(reference: str, patterns: Sequence[str]) -> Matcher:
    return Matcher([reference + pattern for pattern in patterns])


def _expression(pattern: str) -> str:
    # Wildcards in a row are one: a regular expression takes exponential time over many.
    pattern = re.sub(r"[*%]*\*[*%]*", "*", re.sub("%+", "%", pattern))
    whole = "".join(".*" if char == "*" else "[^/]*" if char == "%" else re.escape(char) for char in pattern)
    return re.sub(r"^[iI][nN][bB][oO][xX](?=$|/|\.\*|\[)", "(?i:inbox)", whole)
