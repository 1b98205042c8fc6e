"""The header field `TLS-Required: No` (RFC 8689 §5): rather in clear than not at all."""

from __future__ import annotations

import re

FIELD = b"TLS-Required: No\r\n"

_HEADER = re.compile(rb"(?:\A|\r?\n)\r?\n")
_ASKED = re.compile(rb"^TLS-Required[ \t]*:[ \t]*(?:\r?\n[ \t]+)?No[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def is_optional(content: bytes) -> bool:
    """Whether the message says so. Any other value of the field has no meaning."""
    end = _HEADER.search(content)
    return _ASKED.search(content, 0, end.start() + 2 if end else len(content)) is not None
