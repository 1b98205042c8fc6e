"""The settings of the tests: the real ones, on throwaway servers, with what only costs time turned off."""

from __future__ import annotations

from dataclasses import replace

from tests.support import services

services.reserve()

from webmail.settings import *  # noqa: E402, F403
from webmail.settings import CORREIO as WITHOUT_DATABASE  # noqa: E402

# Each worker of a parallel run has a Redis database of its own, as it has a PostgreSQL database.
CORREIO = replace(WITHOUT_DATABASE, redis_url=services.redis_url(), undo_send=0)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SCRAM_ITERATIONS = 4096

# Tasks run only when a test calls them, or asks for `task_always_eager`; tests of the real broker say so.
CELERY_BROKER_URL = "memory://"
CELERY_RESULT_BACKEND = "cache+memory://"
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_EAGER_PROPAGATES = True

# Static files straight from their sources: nothing is collected before a test.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
