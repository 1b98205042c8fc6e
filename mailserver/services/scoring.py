"""How much incoming mail looks like spam to each who gets it.

What is the same for all (sender checks, blocklists, scanners, rules) is weighed once; words and acquaintances are those
of each account. Messages that are filed together are judged together, so that what the tables know of them takes a few
statements for all.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.db import Error
from django.utils import timezone

from mailserver.mail import trace
from mailserver.mail.message import Parsed
from mailserver.mail.spam import bayes, evidence, rules
from mailserver.mail.spam.bayes import Count
from mailserver.mail.spam.judgement import Judgement, Reason, from_json, judge
from mailserver.mail.spam.letter import Letter, Passage
from mailserver.mail.spam.tokens import tokens
from mailserver.net.internet import is_public
from mailserver.services import acquaintances, claims, sendercheck, spamwords
from mailserver.services.acquaintances import Standings
from mailserver.services.halves import by_halves
from mailserver.services.inbound import Incoming, Stored
from mailserver.store.exchange import KEEP_PLANS, Exchange, alone
from mailserver.store.models import Event

# A reply names what it answers last.
MOST_REFERENCES = 20
MOST_PASSAGES = 20
# Copies for accounts with lessons whose words are asked for in one statement: 100,000 words at most, 20 MB in memory.
COPIES_AT_ONCE = 250

logger = logging.getLogger(__name__)


class Opened(NamedTuple):
    """A message after `sendercheck.checked`, and what was parsed of it."""

    incoming: Incoming
    parsed: Parsed


def judged(batch: Sequence[Opened]) -> list[Opened]:
    """The messages with the judgement of each account that gets them, in order.

    The number of statements does not depend on the number of messages, up to `COPIES_AT_ONCE` copies. None sees what
    the others of the batch add to acquaintances. When something stumbles the batch is tried again by halves; the
    message at fault is in the end judged by what blocklists and scanners said alone. Raises django.db.OperationalError
    or InterfaceError when the database is away.
    """
    return by_halves(batch, _together, _judged_by_scanners)


def is_too_much(incoming: Incoming) -> bool:
    """Whether a judged message is to be refused: only what every recipient would refuse, for SMTP has one answer."""
    judgements = incoming.judgements.values()
    return bool(judgements) and all(judgement.action == "reject" for judgement in judgements)


class Kept:
    """Counts what is filed in Inboxes for the acquaintance of its authors, in a transaction of its own.

    `note` when it is known where messages go, `settle` when they are there.
    """

    def __init__(self, batch: Sequence[Opened]) -> None:
        self._batch = batch
        self._exchange = Exchange()

    def note(self, answers: Sequence[Stored]) -> Exchange:
        """To be sent after the COMMIT."""
        kept: list[tuple[int, str]] = []
        for (incoming, parsed), stored in zip(self._batch, answers, strict=True):
            fresh = {delivery.account_id for delivery in stored.deliveries if not delivery.duplicate}
            if parsed.sender:
                kept += [(one, parsed.sender.address) for one in fresh if not incoming.is_spam_for(one)]
        if kept:
            # A count that a crash takes away is no loss. The exchange is a transaction of its own.
            self._exchange.add("SELECT set_config('synchronous_commit', 'off', true)")
            acquaintances.keep(self._exchange, kept)
        return self._exchange

    def settle(self) -> None:
        try:
            self._exchange.send()
        except Error:
            # The messages are filed, and their senders must hear so, or they send them again.
            logger.exception("the senders of %d messages filed are not counted as acquaintances", len(self._batch))


def of_messages(message_ids: Collection[int]) -> dict[int, Judgement]:
    """How messages were judged when they came; those that were not are left out."""
    events = Event.objects.filter(message_id__in=message_ids, kind=Event.Kind.STORED, detail__judgement__isnull=False)
    rows = events.order_by("-at", "-id").values_list("message_id", "detail__judgement")
    return {message_id: from_json(value) for message_id, value in rows if message_id is not None and value}


class _Case:
    """A message before the judge. The words and what is known of its author are by account."""

    def __init__(self, incoming: Incoming, parsed: Parsed) -> None:
        self.incoming, self.parsed = incoming, parsed
        self.accounts = _accounts(incoming)
        self.author = parsed.sender.address.lower() if parsed.sender else ""
        self.checks = sendercheck.checks(incoming)
        # The numbers of Received fields that say they are ours, and the Message-IDs that it answers.
        head, here = incoming.raw[: parsed.header_length], settings.CORREIO.hostname
        self.claimed = trace.references(head, here)[:MOST_PASSAGES]
        self.answers = [*parsed.references[-MOST_REFERENCES:], *([parsed.in_reply_to] if parsed.in_reply_to else [])]
        self.forged = False
        self.words: dict[int, tuple[Reason, ...]] = {}
        self.known: dict[int, tuple[Reason, ...]] = {}

    @cached_property
    def letter(self) -> Letter:
        """To be read only when `forged` is known."""
        incoming = self.incoming
        passage = Passage(
            at=incoming.at or timezone.now(),
            helo=incoming.helo,
            here=settings.CORREIO.hostname,
            stranger=bool(incoming.peer) and is_public(incoming.peer),
            forged=self.forged,
        )
        return Letter(incoming.raw, self.parsed, passage)

    @cached_property
    def tokens(self) -> frozenset[int]:
        """Strangers wrote the message: whatever trips over its words must cost nobody a message, nor the rules."""
        try:
            return tokens(self.letter)
        except Exception:
            logger.exception("the words of a message from <%s> cannot be read", self.letter.author[:200])
            return frozenset()

    def rules(self) -> tuple[Reason, ...]:
        """The same holds for rules."""
        try:
            return rules.reasons(self.letter)
        except Exception:
            logger.exception("a rule stumbled over a message from <%s>", self.letter.author[:200])
            return ()


def _accounts(incoming: Incoming) -> list[int]:
    return sorted({recipient.account_id for recipient in incoming.recipients})


def _together(batch: Sequence[Opened]) -> list[Opened]:
    cases = [_Case(*each) for each in batch]
    exchange = Exchange()
    exchange.add(KEEP_PLANS)
    passed = claims.passed(exchange, {reference for case in cases for reference in case.claimed})
    totals = spamwords.totals(exchange, {account_id for case in cases for account_id in case.accounts})
    known = acquaintances.standings(exchange, {(one, case.author) for case in cases for one in case.accounts})
    written = claims.written(exchange, [(case.accounts, case.answers) for case in cases])
    exchange.send()
    known_passages = passed()
    for case in cases:
        case.forged = not known_passages.issuperset(case.claimed)
    _look_at_words(cases, totals())
    _look_at_acquaintances(cases, known(), written())
    return [Opened(_judged(case), case.parsed) for case in cases]


def _look_at_words(cases: Sequence[_Case], totals: Mapping[int, Count]) -> None:
    """For the accounts that have learned enough."""
    taught = {account_id for account_id, lessons in totals.items() if bayes.is_taught(lessons)}
    copies = [(case, account_id) for case in cases for account_id in case.accounts if account_id in taught]
    for at in range(0, len(copies), COPIES_AT_ONCE):
        some = copies[at : at + COPIES_AT_ONCE]
        wanted: dict[int, set[int]] = defaultdict(set)
        for case, account_id in some:
            wanted[account_id] |= case.tokens
        counts = alone(spamwords.counts, wanted)
        for case, account_id in some:
            known = counts.get(account_id, {})
            own = {token: known[token] for token in case.tokens & known.keys()}
            case.words[account_id] = bayes.reasons(bayes.probability(own, totals[account_id]))


def _look_at_acquaintances(cases: Sequence[_Case], standings: Standings, written: Container[tuple[int, str]]) -> None:
    for case in cases:
        for account_id in case.accounts:
            address, domain = standings[account_id, case.author]
            answers = any((account_id, named) in written for named in case.answers)
            case.known[account_id] = evidence.of_standing(address, domain, proven=case.checks.proven, answers=answers)


def _judged_by_scanners(opened: Opened, error: Exception) -> Opened:
    incoming, parsed = opened
    logger.error("a message from <%s> cannot be judged", incoming.sender[:200], exc_info=error)
    return Opened(_weighed(incoming, dict.fromkeys(_accounts(incoming), incoming.found)), parsed)


def _judged(case: _Case) -> Incoming:
    shared = [*case.incoming.found, *evidence.of_checks(case.checks), *case.rules()]
    reasons = {one: [*shared, *case.words.get(one, ()), *case.known[one]] for one in case.accounts}
    return _weighed(case.incoming, reasons)


def _weighed(incoming: Incoming, reasons: Mapping[int, Iterable[Reason]]) -> Incoming:
    """The message judged by the reasons of each account."""
    config, decisive = settings.CORREIO, sendercheck.ASKED if incoming.junk else None
    judgements = {
        account_id: judge(found, junk=config.spam_junk, reject=config.spam_reject, decisive=decisive)
        for account_id, found in reasons.items()
    }
    return replace(incoming, judgements=judgements)
