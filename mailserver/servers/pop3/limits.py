from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one POP3 session may cost. Times in seconds, lengths in octets; tests make them small."""

    # RFC 1939 §3 asks for at least 10 minutes of patience.
    idle: float = 600
    # From the connection to being signed in, whatever the client says meanwhile.
    before_sign_in: float = 60
    handshake: float = 15
    # A client that takes nothing of what we send.
    stalled: float = 60
    # The lease lasts 90 s (services/maildrop.py).
    renew: float = 30
    # RFC 2449 §4 asks for 255.
    line: int = 512
    # RFC 5034 §4: the answers of a sign-in have the length that their mechanism needs.
    sign_in_line: int = 12288
    # What has come and waits for its turn.
    pipelined: int = 16 * 1024
    errors: int = 100
    unknown_commands: int = 20
    unknown_before_sign_in: int = 2
    failed_sign_ins: int = 3
    # The first failure costs so many seconds, the second twice as many.
    failure_delay: float = 1
