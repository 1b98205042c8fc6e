"""What is said of a command that cannot be read."""

from __future__ import annotations

# Codes whose commands are well formed and cannot be obeyed all the same (RFC 9051 §7.1, RFC 5465 §5, RFC 7889).
_REFUSALS = ("BADCHARSET", "BADEVENT", "CANNOT")


class ParseError(Exception):
    """`tag` is None when not even the tag can be read; `code` is the response code without brackets."""

    def __init__(self, text: str, tag: str | None = None, code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.tag = tag
        self.code = code

    @property
    def status(self) -> str:
        """How the tagged response begins: BAD, or NO where the form is right."""
        return "NO" if (self.code or "").startswith(_REFUSALS) else "BAD"
