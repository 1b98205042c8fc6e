"""`manage.py add_domain NAME`: make a domain one of this server's, with keys that sign its mail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.errors import CorreioError
from mailserver.services import dkimkeys, dnsrecords
from mailserver.services.domains import add_domain


class Command(BaseCommand):
    help = "Make a domain one of this server's."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--transport", choices=["local", "smtp"], default="local")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            domain = add_domain(options["name"], transport=options["transport"])
        except CorreioError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"added {domain.name}")
        for key in dkimkeys.published(domain.name):
            self.stdout.write(f"{key.name}. TXT {dnsrecords.quoted(key.text)}")
