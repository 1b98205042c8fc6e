"""`make scenario`."""

from __future__ import annotations

from tests.scenario import textbook

textbook.main()
