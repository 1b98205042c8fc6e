from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from mailserver.servers import bridge, runtime
from mailserver.servers.imap import listeners

# Of one command of a client, which may be of several statements.
STATEMENT_SECONDS = 120


class Command(BaseCommand):
    help = "Let mail programs read and change mailboxes: IMAP with STARTTLS, IMAP over TLS."
    # The checks load every page of the web, which a mail process neither needs nor should keep in memory.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--processes", type=int, default=1, help="processes that share the ports")

    def handle(self, *args: Any, **options: Any) -> None:
        bridge.limit_statements(STATEMENT_SECONDS)
        sys.exit(runtime.run(lambda: listeners.house(settings.CORREIO), processes=options["processes"]))
