"""Why a message was filed as spam, or what spoke for and against that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings

from mailserver.mail.names import visible
from mailserver.mail.spam.judgement import Judgement
from mailserver.services import scoring, spamlessons

MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence and its points, such as `+2.5`; "" for what decided without points."""

    sentence: str
    points: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """`spam`: the lines say why it lies in the folder for spam. `sum` adds them up, "" where nothing was counted."""

    spam: bool
    lines: tuple[Line, ...]
    sum: str = ""


def why(message_ids: Collection[int], in_junk: Collection[int]) -> dict[int, Why]:
    """What is known of the messages; those in `in_junk` lie in the folder for spam."""
    judgements = scoring.of_messages(message_ids)
    called = spamlessons.called_spam(in_junk)
    found: dict[int, Why] = {}
    for message_id in message_ids:
        judgement = judgements.get(message_id)
        if message_id in called:
            found[message_id] = Why(True, (Line("You called it spam."),))
        elif judgement and judgement.reasons:
            found[message_id] = _of(judgement, message_id in in_junk and judgement.action != "inbox")
    return found


def _of(judgement: Judgement, spam: bool) -> Why:
    lines = tuple(Line(visible(reason.sentence), points(reason.points)) for reason in judgement.reasons)
    enough = settings.CORREIO.spam_junk
    bound = f"; from {number(enough)} on it is spam" if enough else ""
    return Why(spam, lines, f"{number(judgement.score)} point{'' if judgement.score == 1 else 's'}{bound}.")


def points(value: float) -> str:
    """`+2.5`, `−3`; "" for none."""
    return f"+{number(value)}" if value > 0 else number(value) if value else ""


def number(value: float) -> str:
    return f"{value:g}".replace("-", MINUS)
