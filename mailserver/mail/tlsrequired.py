"""The header field `TLS-Required: No` (RFC 8689 §5): rather in clear than not at all."""

from __future__ import annotations

import re

FIELD = b"TLS-Required: No\r\n"

_ASKED = re.compile(rb"^TLS-Required[ \t]*:[ \t]*(?:\r?\n[ \t]+)?No[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def is_optional(content: bytes) -> bool:
    """Whether the message says so. Any other value of the field has no meaning."""
    header = content[: _end_of_header(content)]
    # Nearly no message names it, and to look for that costs a tenth of the expression.
    return b"tls-required" in header.lower() and _ASKED.search(header) is not None


def _end_of_header(content: bytes) -> int:
    """Where the empty line begins, or the end."""
    if content.startswith((b"\r\n", b"\n")):
        return 0
    ends = [at + 1 for line in (b"\n\r\n", b"\n\n") if (at := content.find(line)) >= 0]
    return min(ends, default=len(content))
