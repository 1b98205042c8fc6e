"""Django's settings. Everything that differs between installations comes from `CORREIO_*` (mailserver/conf)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from mailserver import conf
from mailserver.stack import beside

BASE_DIR = Path(__file__).resolve().parent.parent
CORREIO = beside.with_embedded(conf.load(os.environ))

SECRET_KEY = CORREIO.secret_key
DEBUG = CORREIO.debug
ALLOWED_HOSTS = list(CORREIO.allowed_hosts)

INSTALLED_APPS = [
    "mailserver.store",
    "mailserver",
    "webmail",
    "webmail.dashboard",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "webmail.dashboard.djangoadmin.SiteConfig",
    "django_htmx",
    "csp",
]

# Those that put headers on answers come first: a request that is refused early, for its Host, has them too.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "webmail.program_hosts.ProgramHostsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "webmail.middleware.ReaderMiddleware",
    "webmail.errors.ErrorsMiddleware",
]

ROOT_URLCONF = "webmail.urls"
ASGI_APPLICATION = "webmail.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webmail.rendering.shell.shell",
            ],
        },
    }
]


def database(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?host=/socket/folder` as Django's DATABASES entry."""
    parts = urlsplit(url or "postgresql:///correio")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "correio",
        "USER": unquote(parts.username or query.get("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or query.get("port", "")),
        # A pool, not CONN_MAX_AGE: under ASGI every request runs in a thread of its own, which would keep
        # its connection for ever. After a restart of PostgreSQL nobody is handed a dead connection, and none waits
        # out the pauses between tries to reconnect, which double up to minutes without the short timeout.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 12, "timeout": 10, "reconnect_timeout": 4},
            "options": "-c jit=off",
        },
    }


DATABASES = {"default": database(CORREIO.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "store.Account"
# The address is unique without regard to case, by a constraint on lower(address) that this check cannot see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["webmail.auth.AccountBackend"]
PASSWORD_HASHERS = ["webmail.hashers.Argon2"]
# A mail program that signs in by SCRAM does them all each time, a phone too; RFC 7677 §4 wants 4,096 at least, and
# Cyrus SASL, which mbsync and others prove passwords with, refuses more than these.
SCRAM_ITERATIONS = 65_536
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["address", "name"]},
    },
]
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "inbox"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = CORREIO.static_root
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webmail.storage.StaticStorage"},
}

SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # the default's cookie has no __Host- name
SESSION_COOKIE_NAME = "__Host-session" if CORREIO.https else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CORREIO.https
SESSION_COOKIE_AGE = 14 * 86400
CSRF_COOKIE_NAME = "__Host-csrf" if CORREIO.https else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "webmail.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CORREIO.https else None
SECURE_HSTS_SECONDS = 31_536_000 if CORREIO.https else 0
SECURE_SSL_REDIRECT = False  # the proxy in front redirects; the health check asks in clear
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"] if CORREIO.https else []

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],  # the nonce is for the import map, the only inline script
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [SELF],
    }
}

# Uploads above this size go to a temporary file; the whole message is bounded by CORREIO_SIZE_LIMIT.
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = CORREIO.size_limit
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

CELERY_BROKER_URL = CORREIO.redis_url.replace("unix://", "redis+socket://", 1) or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2}
# Threads: tasks are short, or wait for the database. Mail for other servers goes its way on an event loop beside them
# (services/delivery_loop.py), so that servers that do not answer hold none.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 16
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE_FILENAME = str(CORREIO.data_dir / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    # A sweep nobody could do in time is worth nothing: the next one sees more.
    "sweep": {"task": "mailserver.tasks.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "alarms": {"task": "mailserver.tasks.tell_alarms", "schedule": 15.0, "options": {"expires": 15}},
    "delays": {"task": "mailserver.tasks.tell_delays", "schedule": 60.0, "options": {"expires": 60}},
    "learn": {"task": "mailserver.tasks.learn_spam", "schedule": 20.0, "options": {"expires": 20}},
    "index": {"task": "mailserver.tasks.index", "schedule": 5.0, "options": {"expires": 5}},
    "read_again": {"task": "mailserver.tasks.read_again", "schedule": 15.0, "options": {"expires": 15}},
    "import": {"task": "mailserver.tasks.import_due", "schedule": 15.0, "options": {"expires": 15}},
    "turn_keys": {"task": "mailserver.tasks.turn_keys", "schedule": 300.0, "options": {"expires": 300}},
    "tls_reports": {"task": "mailserver.tasks.send_tls_reports", "schedule": 900.0, "options": {"expires": 900}},
    "tidy": {"task": "mailserver.tasks.tidy", "schedule": 3600.0, "options": {"expires": 3600}},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "mail.log": {"level": "WARNING"}},
}
