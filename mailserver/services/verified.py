"""Passwords that were right a moment ago. Phones connect again all day, and each hash takes a tenth of a second of CPU.

Kept in the process: for each account and password a digest under a key that nobody else has, with what the account's
stored hash was then. It counts for five minutes, and not once the password is another one.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from hashlib import blake2b

SECONDS = 300.0
MOST = 10_000


class Verified:
    """Safe to use from several threads."""

    def __init__(
        self, *, seconds: float = SECONDS, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def holds(self, account_id: int, password: str, stored: str) -> bool:
        """Whether this password was right for the account while its stored hash was `stored`."""
        with self._lock:
            found = self._known.get(self._digest(account_id, password))
        return found is not None and found[1] > self._clock() and hmac.compare_digest(found[0], self._of(stored))

    def note(self, account_id: int, password: str, stored: str) -> None:
        with self._lock:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[self._digest(account_id, password)] = (self._of(stored), self._clock() + self._seconds)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()

    def _digest(self, account_id: int, password: str) -> bytes:
        return blake2b(f"{account_id}\0{password}".encode("utf-8", "replace"), key=self._key).digest()

    def _of(self, stored: str) -> bytes:
        return blake2b(stored.encode(), key=self._key).digest()
