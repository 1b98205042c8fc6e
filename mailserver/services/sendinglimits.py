"""How much an account may send: recipients per hour and per day, however they were submitted.

Counted in `SendingHour`, one row for each hour of the clock, so that the question costs the same for who sends a
message a day and for who sends thousands. The hour and the day that slide over these rows take their oldest row in
proportion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from mailserver.errors import HourlyLimit, SendingLimit
from mailserver.services.throttle import network
from mailserver.store.models import Account, SendingHour

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# What is usual for an account shows within a month.
MONTH = timedelta(days=30)
# Enough to tell one domain from very many.
MOST_NAMES = 500

_SENT = """
SELECT coalesce(sum(recipients) FILTER (WHERE hour = %(hour)s), 0),
       coalesce(sum(recipients) FILTER (WHERE hour = %(hour)s - interval '1 hour'), 0),
       coalesce(sum(recipients) FILTER (WHERE hour > %(hour)s - interval '1 day'), 0),
       coalesce(sum(recipients) FILTER (WHERE hour = %(hour)s - interval '1 day'), 0),
       coalesce(max(recipients) FILTER (WHERE hour <= %(hour)s - interval '1 day'), 0)
FROM sendinghour WHERE account_id = %(account)s AND hour > %(since)s
"""

_COUNT = """
INSERT INTO sendinghour AS s (account_id, hour, recipients, domains, networks)
VALUES (%(account)s, %(hour)s, %(more)s, %(domains)s::text[], %(networks)s::text[])
ON CONFLICT (account_id, hour) DO UPDATE SET
    recipients = s.recipients + excluded.recipients,
    domains = (SELECT (array_agg(DISTINCT name))[1:%(most)s] FROM unnest(s.domains || excluded.domains) AS name),
    networks = (SELECT coalesce((array_agg(DISTINCT name))[1:%(most)s], '{}')
                FROM unnest(s.networks || excluded.networks) AS name)
RETURNING domains, cardinality(networks)
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the account has sent with this message: recipients of the last hour, the most of any hour of the month
    before today, the domains of this hour of the clock, and the networks its programs called from."""

    hour: int
    usual: int
    domains: tuple[str, ...]
    networks: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Recipients so far."""

    hour: int
    day: int
    usual: int


def count(account_id: int, domains: Sequence[str], peer: str, at: datetime) -> Usage:
    """Count a message with one recipient at each of the domains, inside the caller's transaction.

    The row lock makes submissions of one account wait for each other, so none slips past. Raises HourlyLimit,
    SendingLimit.
    """
    account = Account.objects.select_for_update(no_key=True).only("hourly_limit", "daily_limit").get(pk=account_id)
    before = sent(account_id, at)
    _check(account, before, len(domains))
    names = sorted(set(domains))[:MOST_NAMES]
    values: dict[str, Any] = {
        "account": account_id,
        "hour": _clock_hour(at),
        "more": len(domains),
        "domains": names,
        "networks": [name for name in [network(peer)] if name],
        "most": MOST_NAMES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        known, networks = cursor.fetchone()
    return Usage(before.hour + len(domains), before.usual, tuple(known), networks)


def sent(account_id: int, at: datetime) -> Sent:
    """How many recipients the account had in the last hour and day."""
    hour = _clock_hour(at)
    left = 1 - (at - hour) / HOUR
    with connection.cursor() as cursor:
        cursor.execute(_SENT, {"account": account_id, "hour": hour, "since": hour - MONTH})
        now, previous, day, oldest, usual = cursor.fetchone()
    return Sent(now + math.ceil(previous * left), day + math.ceil(oldest * left), usual)


def limits(account: Account) -> tuple[int, int]:
    """Recipients per hour and per day; 0 is no bound. The account's own come first."""
    own = (account.hourly_limit, account.daily_limit)
    config = settings.CORREIO
    hour, day = (
        theirs if theirs is not None else ours
        for theirs, ours in zip(own, (config.sending_hour, config.sending_day), strict=True)
    )
    return hour, day


def new_domains(account_id: int, domains: Sequence[str], at: datetime) -> int:
    """How many of the domains the account did not write to in the month before today."""
    before = SendingHour.objects.filter(
        account_id=account_id, hour__gt=_clock_hour(at) - MONTH, hour__lte=_clock_hour(at) - DAY
    )
    known = set().union(*before.values_list("domains", flat=True).iterator())
    return len(set(domains) - known)


def forget(before: datetime) -> int:
    """Remove the hours nobody looks at any more; how many."""
    return SendingHour.objects.filter(hour__lt=before - MONTH - DAY).delete()[0]


def _check(account: Account, before: Sent, more: int) -> None:
    hour, day = limits(account)
    if day and before.day + more > day:
        raise SendingLimit(f"You can write to {day:,} recipients a day.")
    if hour and before.hour + more > hour:
        raise HourlyLimit(f"You can write to {hour:,} recipients an hour.")


def _clock_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
