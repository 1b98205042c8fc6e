from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailserver.errors import ConfigurationError
from mailserver.practice import running


class Command(BaseCommand):
    help = "Be the practice internet: a DNS server and mail servers of others, on loopback"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            running.run(settings.CORREIO, self._say)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
