"""The tasks and the clock that sends them agree on their names; each is one call."""

from __future__ import annotations

import pytest
from django.conf import settings

from mailserver import tasks
from mailserver.services import (
    alarm_acts,
    delays,
    delivery,
    dkimrotation,
    external_bell,
    external_lease,
    external_run,
    queue,
    queue_bell,
    reparse,
    retention,
    searchindex,
    spamlessons,
    tls_reports,
)
from webmail.celery import app


def test_it_knows_every_task_that_the_clock_and_the_bell_name():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} | {queue_bell.TASK, external_bell.TASK}
    assert named <= set(app.tasks)


@pytest.mark.parametrize(
    ("task", "arguments", "module", "name"),
    [
        (tasks.deliver_domains, [["hamburger.edu", "mit.edu"]], delivery, "answer_bell"),
        (tasks.sweep, [], queue, "sweep"),
        (tasks.tell_alarms, [], alarm_acts, "tell"),
        (tasks.tell_delays, [], delays, "tell"),
        (tasks.tidy, [], retention, "tidy"),
        (tasks.turn_keys, [], dkimrotation, "turn"),
        (tasks.send_tls_reports, [], tls_reports, "send_due"),
        (tasks.learn_spam, [], spamlessons, "learn"),
        (tasks.index, [], searchindex, "sweep"),
        (tasks.read_again, [], reparse, "sweep"),
        (tasks.import_external, [7], external_run, "run"),
        (tasks.import_due, [], external_lease, "wake_due"),
    ],
)
def test_it_calls_the_service(monkeypatch, task, arguments, module, name):
    called = []
    monkeypatch.setattr(module, name, lambda *given: called.append(list(given)))
    task(*arguments)
    assert called == [arguments]


def test_it_sweeps_as_soon_as_a_worker_starts(monkeypatch):
    rung = []
    monkeypatch.setattr(tasks.sweep, "delay", lambda: rung.append(True))
    tasks.look_around()
    assert rung == [True]
