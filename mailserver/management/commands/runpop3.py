from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.errors import ConfigurationError
from mailserver.servers import bridge, runtime
from mailserver.servers.pop3 import listeners

# Of one command of a client, which may be of several statements.
STATEMENT_SECONDS = 120


class Command(BaseCommand):
    help = "Give mail to programs by POP3: with STLS, and with TLS from the first octet."
    # The checks load every page of the web, which a mail process neither needs nor should keep in memory.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--processes", type=int, default=1, help="processes that share the ports")

    def handle(self, *args: Any, **options: Any) -> None:
        bridge.limit_statements(STATEMENT_SECONDS)
        try:
            sys.exit(runtime.run(lambda: listeners.house(settings.CORREIO), processes=options["processes"]))
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
