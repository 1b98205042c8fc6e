"""How much incoming mail looks like spam to each who gets it, and where it goes for that.

What is the same for all (sender checks, blocklists, scanners, rules) is weighed once; words and acquaintances are those
of each account.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mailserver.errors import SpamRefused
from mailserver.mail import trace
from mailserver.mail.message import Parsed, parse
from mailserver.mail.spam import bayes, evidence, rules
from mailserver.mail.spam.evidence import Checks
from mailserver.mail.spam.judgement import Judgement, Reason, from_json, judge
from mailserver.mail.spam.letter import Letter, Passage
from mailserver.mail.spam.tokens import tokens
from mailserver.net.internet import is_public
from mailserver.services import acquaintances, inbound, sendercheck, spamwords
from mailserver.services.inbound import Incoming, Stored
from mailserver.store.models import Event, Message

# A reply names what it answers last.
MOST_REFERENCES = 20
MOST_PASSAGES = 20

logger = logging.getLogger(__name__)


def deliver(incoming: Incoming, *, found: Sequence[Reason] = ()) -> Stored:
    """Judge mail of another server and file it, for each recipient where it belongs.

    `found`: what blocklists and scanners said. Raises SpamRefused when it is too much for every recipient,
    SenderRefused as `sendercheck.checked` does, NotFound and OverQuota as `inbound.deliver` does.
    """
    incoming = sendercheck.checked(incoming)
    parsed = parse(incoming.raw)
    judgements = judged(incoming, parsed, found)
    refused = [judgement for judgement in judgements.values() if judgement.action == "reject"]
    if refused and len(refused) == len(judgements):
        logger.info("mx %s: refused from <%s>: %s points", incoming.peer, incoming.sender, refused[0].score)
        raise SpamRefused("The message looks too much like spam.")
    stored = inbound.deliver(replace(incoming, judgements=judgements), parsed=parsed, within_quota=True)
    kept = [
        delivery.account_id
        for delivery in stored.deliveries
        if not delivery.duplicate and judgements[delivery.account_id].action == "inbox"
    ]
    if kept and parsed.sender:
        _remember(kept, parsed.sender.address)
    return stored


def judged(incoming: Incoming, parsed: Parsed, found: Sequence[Reason] = ()) -> dict[int, Judgement]:
    """The judgement of each account that gets the message."""
    accounts = sorted({recipient.account_id for recipient in incoming.recipients})
    checks = sendercheck.checks(incoming)
    letter = Letter(incoming.raw, parsed, _passage(incoming, parsed))
    shared = [*found, *evidence.of_checks(checks), *_rules(letter)]
    words = _words(accounts, letter)
    known = _acquaintances(accounts, letter, checks)
    config = settings.CORREIO
    decisive = sendercheck.ASKED if incoming.junk else None
    return {
        account_id: judge(
            [*shared, *words.get(account_id, ()), *known[account_id]],
            junk=config.spam_junk,
            reject=config.spam_reject,
            decisive=decisive,
        )
        for account_id in accounts
    }


def of_messages(message_ids: Collection[int]) -> dict[int, Judgement]:
    """How messages were judged when they came; those that were not are left out."""
    events = Event.objects.filter(message_id__in=message_ids, kind=Event.Kind.STORED, detail__judgement__isnull=False)
    rows = events.order_by("-at", "-id").values_list("message_id", "detail__judgement")
    return {message_id: from_json(value) for message_id, value in rows if message_id is not None and value}


def _passage(incoming: Incoming, parsed: Parsed) -> Passage:
    here = settings.CORREIO.hostname
    claimed = trace.references(incoming.raw[: parsed.header_length], here)[:MOST_PASSAGES]
    known = set(Event.objects.filter(reference__in=claimed).values_list("reference", flat=True)) if claimed else set()
    return Passage(
        at=incoming.at or timezone.now(),
        helo=incoming.helo,
        here=here,
        stranger=bool(incoming.peer) and is_public(incoming.peer),
        forged=not known.issuperset(claimed),
    )


def _rules(letter: Letter) -> tuple[Reason, ...]:
    """Strangers wrote the message: whatever trips a rule must cost nobody a message."""
    try:
        return rules.reasons(letter)
    except Exception:
        logger.exception("a rule stumbled over a message from <%s>", letter.author[:200])
        return ()


def _words(accounts: Collection[int], letter: Letter) -> dict[int, tuple[Reason, ...]]:
    """For the accounts that have learned enough."""
    totals = spamwords.totals(accounts)
    taught = [account_id for account_id, lessons in totals.items() if bayes.is_taught(lessons)]
    if not taught:
        return {}
    try:
        found = tokens(letter)
    except Exception:
        logger.exception("the words of a message from <%s> cannot be read", letter.author[:200])
        return {}
    counts = spamwords.counts(taught, found)
    return {
        account_id: bayes.reasons(bayes.probability(counts.get(account_id, {}), totals[account_id]))
        for account_id in taught
    }


def _acquaintances(accounts: Collection[int], letter: Letter, checks: Checks) -> Mapping[int, tuple[Reason, ...]]:
    standings = acquaintances.standings(accounts, letter.author)
    answered = _answered(accounts, letter.parsed)
    return {
        account_id: evidence.of_standing(address, domain, proven=checks.proven, answers=account_id in answered)
        for account_id, (address, domain) in standings.items()
    }


def _answered(accounts: Collection[int], parsed: Parsed) -> set[int]:
    """The accounts that wrote what the message answers: their copy never came by delivery, so it has no trace."""
    named = [*parsed.references[-MOST_REFERENCES:], *([parsed.in_reply_to] if parsed.in_reply_to else [])]
    if not named:
        return set()
    rows = Message.objects.filter(account_id__in=accounts, message_id__in=named, prefix=b"")
    return set(rows.values_list("account_id", flat=True))


def _remember(accounts: Sequence[int], address: str) -> None:
    """A count that a crash takes away is no loss: nobody waits for the disk."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        acquaintances.count(accounts, address, ham=1)
