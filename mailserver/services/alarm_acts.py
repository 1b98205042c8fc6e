"""What follows on an alarm: mail to those concerned, and an administrator who lets the mail go or throws it away."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailserver.errors import CorreioError, NotFound
from mailserver.mail import notice
from mailserver.services import alarms, audit, inbound, queue_control
from mailserver.services.recipients import Local
from mailserver.store.models import Account, QueueRecipient, SendingAlarm

BATCH = 500

TO_ADMINISTRATORS = """The account {account} sends as it never did, so its outgoing mail has been put on hold:

{reasons}

Perhaps somebody else knows its password; perhaps it is only a large mailing. Nothing is lost: what is on hold, and what
the account sends from now on, waits for you. Look at it in the dashboard and release all of it or discard all of it:

{link}

If it was stolen, give the account a new password first: that signs it out everywhere.
"""

TO_OWNER = """Your account suddenly sends much more mail, or other mail, than ever before:

{reasons}

Your server has put your outgoing mail on hold and told its administrators. Nothing is lost. You can go on writing; it
leaves when an administrator has had a look. If it was not you who sent this mail, change your password now.
"""

logger = logging.getLogger(__name__)


def tell() -> int:
    """Write to the administrators and the owner about each open alarm, once; how many alarms."""
    untold = list(SendingAlarm.objects.filter(closed_at=None, told_at=None).values_list("pk", flat=True))
    for alarm_id in untold:
        try:
            _tell(alarm_id)
        except CorreioError as error:
            logger.warning("nobody could be told of alarm %s: %s", alarm_id, error)
    return len(untold)


def release(alarm_id: int, *, by: str) -> int:
    """Let everything go that is on hold of the account, which may send again; how many. Raises NotFound (closed)."""
    account_id = _close(alarm_id, SendingAlarm.Outcome.RELEASED, by)
    return _all_held(account_id, lambda ids: queue_control.release(ids, by=by, account_id=account_id))


def discard(alarm_id: int, *, by: str, report: bool) -> int:
    """Cancel everything on hold of the account, which may send again; with `report` its owner gets it returned."""
    account_id = _close(alarm_id, SendingAlarm.Outcome.DISCARDED, by)
    return _all_held(account_id, lambda ids: queue_control.cancel(ids, by=by, account_id=account_id, report=report))


def _close(alarm_id: int, outcome: SendingAlarm.Outcome, by: str) -> int:
    with transaction.atomic():
        rows = SendingAlarm.objects.select_for_update().select_related("account")
        alarm = rows.filter(pk=alarm_id, closed_at=None).first()
        if alarm is None:
            raise NotFound("This alarm is over.")
        # What is deferred just now belongs to it as well.
        alarms.hold_waiting(alarm.account_id)
        alarm.closed_at, alarm.closed_by, alarm.outcome = timezone.now(), by, outcome
        alarm.save(update_fields=["closed_at", "closed_by", "outcome"])
        audit.record(by, outcome.value, f"all mail on hold of {alarm.account.address}", alarm=alarm.pk)
    return alarm.account_id


def _all_held(account_id: int, act: Callable[[Iterable[int]], list[int]]) -> int:
    """Batch by batch: a fault in between leaves the rest on hold, where the queue shows it."""
    count, last = 0, 0
    held = QueueRecipient.objects.filter(entry__account_id=account_id, state=QueueRecipient.State.HELD).order_by("id")
    while ids := list(held.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        count += len(act(ids))
        last = ids[-1]
    return count


def _tell(alarm_id: int) -> None:
    with transaction.atomic():
        rows = SendingAlarm.objects.select_for_update(of=("self",), skip_locked=True).select_related("account")
        alarm = rows.filter(pk=alarm_id, told_at=None).first()
        if alarm is None:
            return
        alarm.told_at = timezone.now()
        alarm.save(update_fields=["told_at"])
        account = alarm.account
        reasons = "\n".join(f"  - {reason}" for reason in alarms.describe(alarm))
        config = settings.CORREIO
        link = f"http{'s' if config.https else ''}://{config.hostname}/admin/alarms/{alarm.pk}/"
        _deliver([account], "Your outgoing mail is on hold", TO_OWNER.format(reasons=reasons))
        _deliver(
            Account.objects.filter(is_staff=True, is_active=True).exclude(pk=account.pk).order_by("pk"),
            f"Outgoing mail of {account.address} is on hold",
            TO_ADMINISTRATORS.format(account=account.address, reasons=reasons, link=link),
        )


def _deliver(people: Iterable[Account], subject: str, text: str) -> None:
    config, now = settings.CORREIO, timezone.now()
    for account in people:
        raw = notice.build(
            hostname=config.hostname,
            to=account.address,
            subject=subject,
            text=text,
            date=now,
            message_id=f"{secrets.token_hex(12)}@{config.hostname}",
        )
        inbound.deliver(
            inbound.Incoming(
                raw=raw,
                sender="",
                recipients=(Local(account.pk, account.address),),
                helo=config.hostname,
                protocol="LOCAL",
                at=now,
                eight_bit=not raw.isascii(),
            )
        )
