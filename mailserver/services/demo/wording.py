"""What mail programs and bills write in the language of their users."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from mailserver.services.demo import data


def month(language: str, at: datetime) -> str:
    """The name of the month; in English for languages the demo has no words for."""
    return str(_words(language)["months"][at.month - 1])


def attribution(language: str, at: datetime, name: str) -> str:
    """The line above a quote of what `name` wrote `at`."""
    pattern = str(_words(language)["attribution"])
    return pattern.format(day=at.day, month=month(language, at), year=at.year, time=f"{at:%H:%M}", name=name)


def _words(language: str) -> dict[str, Any]:
    table = _table()
    return dict(table.get(language, table["en"]))


@cache
def _table() -> dict[str, Any]:
    return data.table("wording")
