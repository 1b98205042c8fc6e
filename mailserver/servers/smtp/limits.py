from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one SMTP session may cost. Times in seconds, lengths in octets; tests make them small."""

    # RFC 5321 §4.5.3.2.7 asks for at least 5 minutes of patience.
    idle: float = 300
    session: float = 4 * 3600
    handshake: float = 30
    # RFC 5321 §4.5.3.1.4 asks for 512; addresses of 254 octets with parameters need more.
    line: int = 2048
    # RFC 4954 §4: the line of a sign-in.
    sign_in_line: int = 12288
    # RFC 5321 §4.5.3.1.8 asks for at least 100.
    recipients: int = 1000
    data_rate: float = 1024
    data_total: float = 600
    # Messages above it take turns at being parsed and stored, which takes several times their size in memory.
    large: int = 1024 * 1024
    hops: int = 100
    errors: int = 100
    unknown_commands: int = 20
    # NOOP, RSET, VRFY … between two messages: they cost us and bring no mail.
    idle_commands: int = 100
    failed_sign_ins: int = 5
