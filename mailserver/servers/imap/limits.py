"""How much and how long one IMAP client may ask, in octets and seconds. House choices unless a source is named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    # Before sign-in: a line, all literals of a command together, and the time until somebody has signed in. ID may come
    # with 30 fields of 30 and 1,024 octets (RFC 2971 §3.3).
    early_line: int = 36 * 1024
    early_literals: int = 4 * 1024
    early: float = 60.0
    early_commands: int = 20
    failed_sign_ins: int = 3
    # The first wrong password is answered after a second, the second after two.
    failed_pause: float = 1.0
    # After it. UID sets of phones that were away for long come in one line.
    line: int = 128 * 1024
    literals: int = 64 * 1024
    # A message larger than this waits for its end on the disk.
    in_memory: int = 256 * 1024
    # RFC 9051 §5.4: at least 30 minutes.
    idle: float = 31 * 60.0
    # No octet of a literal, or none of ours taken, for so long.
    stalled: float = 60.0
    handshake: float = 15.0
    errors: int = 10
    # A sign of life while somebody idles: routers forget quiet connections after five minutes.
    sign_of_life: float = 150.0
    # What waits to be sent before we wait for the client.
    high_water: int = 256 * 1024
    sessions_per_account: int = 50
    # A deflate stream takes 100 KB and more: the bound is for one process.
    compressed_sessions: int = 500
