"""Mail of other servers by the group: judged and filed together, and an answer to each."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from mailserver.errors import SpamRefused
from mailserver.mail.message import parse
from mailserver.services import inbound, scoring, sendercheck
from mailserver.services.halves import by_halves
from mailserver.services.inbound import Incoming, Stored
from mailserver.services.scoring import Opened

logger = logging.getLogger(__name__)

# For each message: where it was filed, or why it was not.
Answer = Stored | Exception


def deliver(batch: Sequence[Incoming]) -> list[Answer]:
    """File messages in one transaction, each for each recipient where it belongs; the answers in order, after COMMIT.

    The answer is an error instead: SenderRefused as `sendercheck.checked` raises it, SpamRefused for what every
    recipient would refuse, NotFound and OverQuota as `inbound.deliver` raises them.

    A group that fails is tried again by halves, so that the message at fault is alone in the end and harms no other.
    Raises django.db.OperationalError or InterfaceError when the database is away or full: then nothing is said about
    any message, and those of a half that was filed are recognised when they come again.
    """
    answers: dict[int, Answer] = {}
    taken: dict[int, Opened] = {}
    for number, incoming in enumerate(batch):
        try:
            checked = sendercheck.checked(incoming)
            taken[number] = Opened(checked, parse(checked.raw))
        except Exception as error:
            answers[number] = error
    judged = dict(zip(taken, scoring.judged(list(taken.values())), strict=True))
    refused = {number: _refusal(incoming) for number, (incoming, _) in judged.items() if scoring.is_too_much(incoming)}
    filed = _filed({number: opened for number, opened in judged.items() if number not in refused})
    answers |= refused | filed
    return [answers[number] for number in range(len(batch))]


def _refusal(incoming: Incoming) -> SpamRefused:
    score = min(judgement.score for judgement in incoming.judgements.values())
    logger.info("mx %s: refused from <%s>: %s points", incoming.peer, incoming.sender, score)
    return SpamRefused("The message looks too much like spam.")


def _filed(batch: Mapping[int, Opened]) -> dict[int, Answer]:
    return dict(zip(batch, by_halves(list(batch.values()), _together, _refused), strict=True))


def _together(batch: Sequence[Opened]) -> Sequence[Answer]:
    messages, parsed = zip(*batch, strict=True)
    kept = scoring.Kept(batch)
    stored = inbound.deliver_all(messages, parsed=parsed, within_quota=True, then=kept.note)
    kept.settle()
    return stored


def _refused(_: Opened, error: Exception) -> Answer:
    return error
