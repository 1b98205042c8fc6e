"""The first page of the dashboard: a sentence, what to do, figures, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from mailserver.mail import explain
from mailserver.services import alarms, stats
from mailserver.store.models import Event, SendingAlarm
from webmail.dashboard.chart import Chart, bars

RENEW_WITHIN = timedelta(days=14)
REFUSALS_OF = timedelta(days=7)
ALARMS = 5


@dataclass(frozen=True, slots=True)
class Task:
    """Something that wants an administrator: what, why it matters, and a link."""

    icon: str
    what: str
    why: str
    link: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message another server would not take; `words` are ours, `reply` theirs."""

    recipient: str
    words: str
    reply: str
    at: datetime
    link: str


@dataclass(frozen=True, slots=True)
class Overview:
    title: str
    tasks: Sequence[Task]
    received: int
    sent: int
    queue: stats.Queue
    deliveries: stats.Deliveries
    chart: Chart
    refusals: Sequence[Refused]

    @property
    def oldest(self) -> str:
        return (
            timesince(self.queue.oldest).split(",")[0].replace("\N{NO-BREAK SPACE}", " ") if self.queue.oldest else ""
        )


def build() -> Overview:
    """Today's figures, in the administrator's time zone."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    hours, queue = stats.hours(midnight), stats.queue()
    tasks = list(_tasks(queue))
    return Overview(
        title=_title(tasks, queue),
        tasks=tasks,
        received=sum(hour.received for hour in hours),
        sent=sum(hour.sent for hour in hours),
        queue=queue,
        deliveries=stats.deliveries(midnight),
        chart=bars(hours),
        refusals=[_refused(event) for event in stats.refusals(timezone.now() - REFUSALS_OF)],
    )


def _title(tasks: Sequence[Task], queue: stats.Queue) -> str:
    flows = "Outgoing mail stands still." if queue.stuck else "Mail is flowing."
    if not tasks:
        return flows
    count = {1: "One thing wants", 2: "Two things want", 3: "Three things want"}.get(
        len(tasks), f"{len(tasks)} things want"
    )
    return f"{flows} {count} your eye."


def _tasks(queue: stats.Queue) -> Iterator[Task]:
    yield from _alarms()
    if queue.stuck:
        what = (
            "One message is due and nobody takes it."
            if queue.stuck == 1
            else f"{queue.stuck} messages are due and nobody takes them."
        )
        yield Task("hourglass", what, "Is the worker running?", reverse("admin:queue"), "Show the queue")
    if queue.held:
        address = f"{reverse('admin:queue')}?show=held"
        if queue.held == 1:
            yield Task("pause", "One message is on hold.", "It waits until somebody releases it.", address, "Show it")
        else:
            what = f"{queue.held} messages are on hold."
            yield Task("pause", what, "They wait until somebody releases them.", address, "Show them")
    ends = certificate_ends()
    if ends and ends - timezone.now() < RENEW_WITHIN:
        days = (ends - timezone.now()).days
        what = (
            f"The certificate of {settings.CORREIO.hostname} ends in {days} days."
            if days >= 0
            else "The certificate has run out."
        )
        yield Task("clock", what, "Mail programs will refuse to connect after that.")


def _alarms() -> Iterator[Task]:
    """Accounts that were stopped, the first few by name."""
    rows = SendingAlarm.objects.filter(closed_at=None).select_related("account").order_by("at")
    for alarm in rows[:ALARMS]:
        what = f"Outgoing mail of {alarm.account.address} is on hold."
        why = f"{'; '.join(alarms.describe(alarm))}."
        yield Task("circle-alert", what, why[:1].upper() + why[1:], reverse("admin:alarm", args=[alarm.pk]), "Decide")


def certificate_ends() -> datetime | None:
    """When the certificate of the mail ports runs out; None without one."""
    path = settings.CORREIO.tls_cert
    if path is None or not path.exists():
        return None
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.astimezone(UTC)


def _refused(event: Event) -> Refused:
    detail = event.detail
    reply = " ".join(str(part) for part in (detail.get("code"), detail.get("enhanced"), detail.get("text")) if part)
    found = explain.explain(
        detail.get("code"), str(detail.get("enhanced", "")), str(detail.get("text", "")), event.recipient, final=True
    )
    return Refused(event.recipient, found.reason, reply, event.at, reverse("admin:queue_entry", args=[event.entry_id]))
