"""New keys for old: a next key is published, signs once the DNS shows it, and its record outlives it for a while.

The DNS is asked first (claim → talk → record); what it said is then written down for one domain after the other. A key
whose record nobody can see would make every signature a failure, so without an answer nothing changes: the old key
goes on signing, a first key goes on waiting.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.mail import addresses
from mailserver.mail.senderauth import taglist
from mailserver.mail.senderauth.taglist import BadTags
from mailserver.net.resolver import Evidence
from mailserver.services import dkimkeys, dnstexts
from mailserver.services.dnstexts import Texts
from mailserver.store.models import DkimKey, Domain

State = DkimKey.State

# How long a record has to be seen before the key behind it takes over from another: other servers may remember that
# there was none (RFC 2308 §5), or ask a name server that copies it later.
AHEAD = timedelta(days=1)
# Records that should be there, or gone, are looked at so often.
AGAIN = timedelta(hours=1)
# A retired key whose record nobody takes away is forgotten after so long a time.
FORGOTTEN = timedelta(days=90)

QUESTIONS = 200

logger = logging.getLogger(__name__)


def turn(resolver: Evidence | None = None) -> None:
    """What beat does: make the next keys that are due, ask the DNS, and let keys take over, retire and go."""
    now = timezone.now()
    for name in _due(now):
        logger.info("%s gets new DKIM keys: %s", name, ", ".join(key.name for key in dkimkeys.prepare(name)))
    retired_before = now - settings.CORREIO.expire_after - dkimkeys.AFTER_QUEUE
    wanted = Q(state=State.NEXT) | (
        (Q(state=State.ACTIVE) | Q(state=State.RETIRED, retired_at__lt=retired_before))
        & (Q(asked_at=None) | Q(asked_at__lt=now - AGAIN))
    )
    _look(DkimKey.objects.filter(wanted, domain__hosted=True), resolver)


def look(domain: str, resolver: Evidence | None = None) -> None:
    """Ask the DNS for the records of one domain now, and do what follows from them."""
    _look(DkimKey.objects.filter(domain__name=domain), resolver)


def begin(domain: str) -> None:
    """Make the next keys of a domain, before their time or the first ones. Raises NotFound, InvalidName."""
    name = addresses.to_ascii(domain)
    dkimkeys.prepare(name)
    logger.info("%s has next DKIM keys, as was asked for", name)


def activate(domain: str) -> None:
    """Let the next keys sign now, whatever the DNS shows. Raises NotFound: there is none."""
    with transaction.atomic():
        owner = Domain.objects.select_for_update().filter(name=addresses.to_ascii(domain)).first()
        keys = list(DkimKey.objects.filter(domain=owner, state=State.NEXT)) if owner else []
        if not keys:
            raise NotFound(f"{domain} has no next key.")
        for key in keys:
            _take_over(key, timezone.now())


def _due(now: datetime) -> list[str]:
    """Domains with a key that has signed for long enough and no next one of its kind."""
    every = settings.CORREIO.dkim_rotation
    if every is None:
        return []
    keys = DkimKey.objects.filter(domain__hosted=True)
    old = set(keys.filter(state=State.ACTIVE, activated_at__lt=now - every).values_list("domain__name", "kind"))
    return sorted({name for name, _ in old - set(keys.filter(state=State.NEXT).values_list("domain__name", "kind"))})


def _look(keys: Iterable[DkimKey], resolver: Evidence | None) -> None:
    asked = list(DkimKey.objects.filter(pk__in=[key.pk for key in keys]).select_related("domain").order_by("asked_at"))
    names = sorted({str(key) for key in asked[:QUESTIONS]})
    answers = dnstexts.ask(names, resolver)
    domains: dict[int, list[int]] = defaultdict(list)
    for key in asked[:QUESTIONS]:
        if answers[str(key)] is not None:
            domains[key.domain_id].append(key.pk)
    for domain_id, ids in sorted(domains.items()):
        _write_down(domain_id, ids, answers)


def _write_down(domain_id: int, ids: Sequence[int], answers: Texts) -> None:
    now = timezone.now()
    with transaction.atomic():
        # The lock of `dkimkeys.make`.
        Domain.objects.select_for_update().filter(pk=domain_id).first()
        for key in DkimKey.objects.filter(pk__in=ids).select_related("domain").order_by("pk"):
            seen = _shows(answers[str(key)] or [], key.record)
            if key.state == State.ACTIVE and key.seen_at and not seen:
                logger.warning("the DNS does not show %s any more, which signs", key)
            key.asked_at, key.seen_at = now, (key.seen_at or now) if seen else None
            key.save(update_fields=["asked_at", "seen_at"])
            _advance(key, now)


def _advance(key: DkimKey, now: datetime) -> None:
    if key.state == State.NEXT and key.seen_at:
        others = DkimKey.objects.filter(domain_id=key.domain_id, kind=key.kind, state=State.ACTIVE)
        # A first key takes over from nothing: nobody can remember that its record was missing.
        if not others.exists() or now - key.seen_at >= AHEAD:
            _take_over(key, now)
    removable = dkimkeys.removable_at(key)
    if removable and now >= removable and (key.seen_at is None or now >= removable + FORGOTTEN):
        logger.info("the DKIM key %s is forgotten", key)
        key.delete()


def _take_over(key: DkimKey, now: datetime) -> None:
    """Part of a transaction that holds the domain's row."""
    dkimkeys.retire(key.domain, key.kind)
    key.state, key.activated_at = State.ACTIVE, now
    key.save(update_fields=["state", "activated_at"])
    logger.info("the DKIM key %s signs from now on", key)


def _shows(records: Iterable[bytes], text: str) -> bool:
    """Whether one of the records is the key that `text` publishes, however it is laid out."""
    wanted = _key(text.encode("ascii"))
    return any(_key(record) == wanted for record in records)


def _key(record: bytes) -> tuple[str, str]:
    try:
        tags = taglist.parse(record)
    except BadTags:
        return "", ""
    return tags.get("k", "rsa").lower(), taglist.without_space(tags.get("p", ""))
