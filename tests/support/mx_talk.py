"""A message handed to our MX, step by step."""

from __future__ import annotations

from tests.support.dialogue import Dialogue


def said_hello(mx: Dialogue, sender: str, *recipients: str) -> None:
    """MAIL and RCPT, all taken."""
    mx.ask(f"MAIL FROM:<{sender}>", "250 .*")
    for recipient in recipients:
        mx.ask(f"RCPT TO:<{recipient}>", r"250 2\.1\.5 .*")


def handed_over(mx: Dialogue, sender: str, *recipients: str, raw: bytes, reply: str = "250 .*") -> None:
    """A whole message, answered by `reply`."""
    said_hello(mx, sender, *recipients)
    mx.ask("DATA", "354 .*")
    mx.push(raw + b"\r\n.\r\n" if not raw.endswith(b"\r\n") else raw + b".\r\n")
    mx.expect(reply)
