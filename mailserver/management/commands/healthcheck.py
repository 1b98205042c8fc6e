"""`manage.py healthcheck URL`: does a server of ours answer? For containers, whose images have no curl."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.stack import probes


class Command(BaseCommand):
    help = "Exit with 0 when http://host:port/path answers 200, or smtp://, imap:// or pop3://host:port greets."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url")

    def handle(self, *args: Any, **options: Any) -> None:
        url = urlsplit(options["url"])
        greeting = {"smtp": probes.smtp, "imap": probes.imap, "pop3": probes.pop3}.get(url.scheme)
        if not url.hostname or not url.port or (url.scheme != "http" and greeting is None):
            raise CommandError("The address must be http://host:port/path, or smtp://, imap:// or pop3://host:port.")
        if greeting is None:
            probe = probes.http(url.hostname, url.port, url.path or "/", url.hostname)
        else:
            probe = greeting([(url.hostname, url.port, False)])
        if not asyncio.run(self._answers(probe)):
            raise CommandError(f"{options['url']} does not answer.")

    async def _answers(self, probe: probes.Probe) -> bool:
        return await probe()
