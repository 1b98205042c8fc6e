"""`manage.py up`: the whole system on this machine, PostgreSQL and Redis included."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailserver.errors import CorreioError
from mailserver.stack import supervisor
from mailserver.stack.supervisor import Beside


class Command(BaseCommand):
    help = "Start everything, with embedded PostgreSQL and Redis, until Ctrl-C"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.start(os.environ)

    def start(self, environ: Mapping[str, str], beside: Beside | None = None) -> None:
        try:
            supervisor.run(environ, self._say, beside)
        except CorreioError as error:
            raise CommandError(str(error)) from None

    def _say(self, line: str) -> None:
        # A closed terminal must not keep the system from stopping in order; the log files have everything.
        with contextlib.suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()
