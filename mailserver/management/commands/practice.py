"""`manage.py practice`: as `up`, on data of its own and beside a practice internet."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import CommandError

from mailserver.errors import ConfigurationError
from mailserver.management.commands import up
from mailserver.practice import running
from mailserver.stack.supervisor import Beside


class Command(up.Command):
    help = "Start everything beside a practice internet, until Ctrl-C"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            environ = running.environ(os.environ)
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        self.start(environ, Beside(running.children, running.guide()))
