"""Answers of the DNS kept for as long as they say, to be had without waiting."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Generic, TypeVar

# A name and a type of record.
Question = tuple[str, str]

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class Memory(Generic[Asked, Told]):
    """At most `size` answers, the oldest forgotten first. An answer is records, or the error that told there are none.

    `clock` gives seconds as the times until which answers hold. `soonest` is the first moment at which something that
    was told ends; whoever wants to know it sets it to infinity before. Belongs to one thread.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.time) -> None:
        self._size = size
        self._clock = clock
        self.soonest = math.inf
        self._known: dict[Asked, tuple[float, Told | Exception]] = {}

    def get(self, question: Asked) -> Told | None:
        """The answer, None when nothing is known. Raises the error that was remembered."""
        known = self._known.get(question)
        if known is None or known[0] <= self._clock():
            return None
        until, answer = known
        self.soonest = min(self.soonest, until)
        if isinstance(answer, Exception):
            # The one that was raised before would grow by a traceback each time.
            raise copy.copy(answer)
        return answer

    def put(self, question: Asked, answer: Told | Exception, until: float) -> None:
        self._known.pop(question, None)
        self._known[question] = until, answer
        if len(self._known) > self._size:
            del self._known[next(iter(self._known))]
