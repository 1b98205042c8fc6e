"""The Celery application: workers drain the outgoing queue, beat sweeps it."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")

app = Celery("correio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["mailserver"])
