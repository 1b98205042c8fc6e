"""Answers of the DNS kept for as long as they say, to be had without waiting."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

# A name and a type of record.
Question = tuple[str, str]


class Memory:
    """At most `size` answers, the oldest forgotten first. An answer is records, or the error that told there are none.

    `clock` gives seconds as the times until which answers hold. Belongs to one thread.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.time) -> None:
        self._size = size
        self._clock = clock
        self._known: dict[Question, tuple[float, Sequence[Any] | Exception]] = {}

    def get(self, question: Question) -> Sequence[Any] | None:
        """The records, None when nothing is known. Raises the error that was remembered."""
        until, answer = self._known.get(question, (0.0, ()))
        if until <= self._clock():
            return None
        if isinstance(answer, Exception):
            # The one that was raised before would grow by a traceback each time.
            raise copy.copy(answer)
        return answer

    def put(self, question: Question, answer: Sequence[Any] | Exception, until: float) -> None:
        self._known.pop(question, None)
        self._known[question] = until, answer
        if len(self._known) > self._size:
            del self._known[next(iter(self._known))]
