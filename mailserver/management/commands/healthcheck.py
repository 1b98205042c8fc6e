"""`manage.py healthcheck URL`: does a server of ours answer? For containers, whose images have no curl."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.stack import probes


class Command(BaseCommand):
    help = "Exit with 0 when http://host:port/path answers 200, or smtp:// or pop3://host:port greets."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url")

    def handle(self, *args: Any, **options: Any) -> None:
        url = urlsplit(options["url"])
        if url.scheme not in ("http", "smtp", "pop3") or not url.hostname or not url.port:
            raise CommandError("The address must be http://host:port/path, smtp://host:port or pop3://host:port.")
        if url.scheme == "http":
            probe = probes.http(url.hostname, url.port, url.path or "/", url.hostname)
        else:
            greeted = probes.smtp if url.scheme == "smtp" else probes.pop3
            probe = greeted([(url.hostname, url.port, False)])
        if not asyncio.run(self._answers(probe)):
            raise CommandError(f"{options['url']} does not answer.")

    async def _answers(self, probe: probes.Probe) -> bool:
        return await probe()
