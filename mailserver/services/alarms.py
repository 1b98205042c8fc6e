"""The alarm for stolen accounts: who suddenly sends as never before is stopped, and nothing of it is lost.

It is decided in the transaction of the submission (`watch`). While an alarm is open the account's mail is taken as
always and held; what workers had in their hands at that moment is held when it comes back to the queue.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from mailserver.conf import Alarm
from mailserver.mail import sendingalarm
from mailserver.mail.sendingalarm import Figures
from mailserver.services import audit, sendinglimits
from mailserver.services.sendinglimits import Usage
from mailserver.store import bell
from mailserver.store.models import Account, QueueRecipient, SendingAlarm

# For so long after a release the account may go on as an administrator has seen it do.
EXCUSED = timedelta(days=1)
# Rows held by one statement; the sweeps go on.
BATCH = 5000

_HOLD = """
WITH waiting AS (
    SELECT r.id FROM sendingalarm a
    JOIN queueentry e ON e.account_id = a.account_id AND e.finished_at IS NULL
    JOIN queuerecipient r ON r.entry_id = e.id AND r.state IN ('queued', 'deferred')
    WHERE a.closed_at IS NULL AND (%(account)s::bigint IS NULL OR a.account_id = %(account)s)
    ORDER BY r.id LIMIT %(limit)s FOR NO KEY UPDATE OF r SKIP LOCKED
), held AS (
    UPDATE queuerecipient r SET state = 'held' FROM waiting WHERE r.id = waiting.id RETURNING r.entry_id, r.address
)
INSERT INTO event (kind, at, account_id, entry_id, message_id, reference, recipient, detail)
SELECT 'held', %(now)s, e.account_id, e.id, e.sent_copy_id, '', held.address, %(detail)s::jsonb
FROM held JOIN queueentry e ON e.id = held.entry_id
"""

logger = logging.getLogger(__name__)


def watch(account_id: int, usage: Usage, at: datetime) -> bool:
    """Whether what the account submits is to be held. Part of the submission's transaction, which has its row locked.

    Raises the alarm when this message makes it send as it never did.
    """
    if opened(account_id):
        return True
    alarm = settings.CORREIO.sending_alarm
    if alarm is None:
        return False
    figures = _figures(account_id, usage, alarm, at)
    reasons = sendingalarm.suspicion(figures, alarm, _released(account_id, at))
    if not reasons:
        return False
    account = Account.objects.only("address").get(pk=account_id)
    SendingAlarm.objects.create(
        account=account, at=at, reasons=[asdict(reason) for reason in reasons], figures=asdict(figures)
    )
    said = [sendingalarm.describe(reason, figures.usual) for reason in reasons]
    logger.warning("outgoing mail of account %s is on hold: %s", account_id, "; ".join(said))
    audit.record(audit.SYSTEM, "stop", account.address, reasons=said)
    bell.ring_on_commit(account_id, {})
    return True


def hold_waiting(account_id: int | None = None) -> int:
    """Hold what waits of the account, or of all that an alarm is open for; how many recipients."""
    if account_id is None and not SendingAlarm.objects.filter(closed_at=None).exists():
        return 0
    values = {
        "account": account_id,
        "limit": BATCH,
        "now": timezone.now(),
        "detail": f'{{"by": "{audit.SYSTEM}"}}',
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, values)
        return int(cursor.rowcount)


def opened(account_id: int) -> SendingAlarm | None:
    """The alarm that stops the account at this moment."""
    return SendingAlarm.objects.filter(account_id=account_id, closed_at=None).first()


def describe(alarm: SendingAlarm) -> list[str]:
    """Its reasons in words, each a part of a sentence."""
    usual = int(alarm.figures["usual"])
    return [sendingalarm.describe(sendingalarm.Reason(**reason), usual) for reason in alarm.reasons]


def _figures(account_id: int, usage: Usage, alarm: Alarm, at: datetime) -> Figures:
    """Domains are compared with those of the month only when there are very many."""
    many = len(usage.domains) > alarm.domains
    return Figures(
        recipients=usage.hour,
        usual=usage.usual,
        domains=sendinglimits.new_domains(account_id, usage.domains, at) if many else 0,
        bounces=_bounces(account_id, at),
        networks=usage.networks,
    )


def _bounces(account_id: int, at: datetime) -> int:
    """Recipients refused for good within the last hour."""
    refused = QueueRecipient.objects.filter(
        state=QueueRecipient.State.BOUNCED, finished_at__gt=at - sendinglimits.HOUR, entry__account_id=account_id
    )
    return refused.count()


def _released(account_id: int, at: datetime) -> Figures | None:
    """What an administrator saw and let go within the last day."""
    rows = SendingAlarm.objects.filter(
        account_id=account_id, outcome=SendingAlarm.Outcome.RELEASED, closed_at__gt=at - EXCUSED
    )
    last = rows.order_by("-closed_at").first()
    return Figures(**last.figures) if last else None
