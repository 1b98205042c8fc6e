"""Celery tasks: bells that call one service each. The rows are the truth, so a task may be lost or come twice."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown

from mailserver import heap
from mailserver.services import (
    alarm_acts,
    delays,
    delivery,
    delivery_notes,
    dkimrotation,
    external_lease,
    external_run,
    queue,
    reparse,
    retention,
    searchindex,
    spamlessons,
    tls_reports,
)

# Seconds; a conversation that takes longer is cut, and its lease ends.
CLOSING = 5.0


@shared_task
def deliver_domains(domains: list[str]) -> None:
    delivery.answer_bell(domains)


@shared_task
def sweep() -> None:
    delivery_notes.recover()
    queue.sweep()


@shared_task
def turn_keys() -> None:
    dkimrotation.turn()


@shared_task
def send_tls_reports() -> None:
    tls_reports.send_due()


@shared_task
def tell_alarms() -> None:
    alarm_acts.tell()


@shared_task
def tell_delays() -> None:
    delays.tell()


@shared_task
def tidy() -> None:
    retention.tidy()


@shared_task
def learn_spam() -> None:
    spamlessons.learn()


@shared_task
def index() -> None:
    searchindex.sweep()


@shared_task
def read_again() -> None:
    reparse.sweep()


@shared_task
def import_external(external_id: int) -> None:
    external_run.run(external_id)


@shared_task
def import_due() -> None:
    external_lease.wake_due()


@worker_ready.connect
def look_around(**_: Any) -> None:
    """A worker that starts finds at once what was left when the last one ended."""
    heap.settle()
    sweep.delay()


@worker_shutdown.connect
def finish(**_: Any) -> None:
    """A worker that ends gives what is under way a moment; the rest waits for the next worker."""
    delivery.close(CLOSING)
