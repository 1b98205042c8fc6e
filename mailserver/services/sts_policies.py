"""The MTA-STS policies of other domains: fetched when they change, kept for as long as they say (RFC 8461 §3, §5).

They are kept in the database, so that all workers share them and a restart forgets none: who cuts us off from a
policy that was known gains nothing until it has expired.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from django.conf import settings
from django.utils import timezone

from mailserver.mail import mtasts
from mailserver.net import mta_sts
from mailserver.net.internet import is_public
from mailserver.net.mta_sts import NoPolicy
from mailserver.net.resolver import PolicyResolver
from mailserver.store.models import StsPolicy

# RFC 8461 §3.3: no second try to fetch the same policy sooner.
PATIENCE = timedelta(minutes=5)
# A policy is fetched again at half of its time, at the latest after a day, so that it does not run out unseen.
REFRESH = timedelta(days=1)
# How long one that ran out is kept, to be read by people.
HISTORY = timedelta(days=30)

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Desk(Protocol):
    """Runs database work beside the event loop."""

    def __call__(self, work: Callable[[], Answer], /) -> Awaitable[Answer]: ...


def kept(domains: Sequence[str]) -> dict[str, StsPolicy]:
    """What was kept of these domains' policies, by domain."""
    return {row.domain: row for row in StsPolicy.objects.filter(domain__in=domains)}


async def find(
    domain: str, row: StsPolicy | None, resolver: PolicyResolver, desk: Desk
) -> tuple[mtasts.Policy | None, NoPolicy | None]:
    """The policy that counts now, None without any; and why a new one could not be fetched, if it was tried.

    `row` is what was `kept`.
    """
    identity = await mta_sts.identity(domain, resolver)
    now = timezone.now()
    trouble = None
    if identity and _is_wanted(row, identity, now):
        try:
            policy = await mta_sts.fetch(domain, resolver, source())
        except NoPolicy as failed:
            trouble = failed
            logger.warning("no MTA-STS policy of %s: %s", domain, failed.text)
            await desk(partial(_note_failure, domain, identity, failed.text, now))
        else:
            await desk(partial(_keep, domain, identity, policy, now))
            return policy, None
    known = mtasts.parse(row.text) if row and row.expires_at and row.expires_at > now else None
    return known, trouble


def source() -> mta_sts.Source:
    config = settings.CORREIO
    allowed = (lambda address: True) if config.allow_private_hops else is_public
    return mta_sts.Source(config.mta_sts_port, config.trusted_ca, allowed)


def _is_wanted(row: StsPolicy | None, identity: str, now: datetime) -> bool:
    if row is None:
        return True
    if row.error and row.tried_identity == identity and now - row.tried_at < PATIENCE:
        return False
    if not row.fetched_at or not row.expires_at or row.expires_at <= now or row.identity != identity:
        return True
    return now - row.fetched_at > min(REFRESH, (row.expires_at - row.fetched_at) / 2)


def _keep(domain: str, identity: str, policy: mtasts.Policy, now: datetime) -> None:
    known = {
        "identity": identity,
        "text": "\r\n".join(policy.lines),
        "fetched_at": now,
        "expires_at": now + timedelta(seconds=policy.max_age),
        "tried_at": now,
        "tried_identity": identity,
        "error": "",
    }
    StsPolicy.objects.update_or_create(domain=domain, defaults=known)


def _note_failure(domain: str, identity: str, error: str, now: datetime) -> None:
    """What was known before stays."""
    tried = {"tried_at": now, "tried_identity": identity, "error": error[:500]}
    StsPolicy.objects.update_or_create(domain=domain, defaults=tried)


def forget() -> int:
    """Remove what ran out long ago; how many."""
    return (
        StsPolicy.objects.filter(tried_at__lt=timezone.now() - HISTORY)
        .exclude(expires_at__gt=timezone.now())
        .delete()[0]
    )
