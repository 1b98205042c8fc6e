"""`manage.py reindex [ADDRESS]`: make the search index of one account, or of all, anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.errors import CorreioError
from mailserver.services import searchindex


class Command(BaseCommand):
    help = "Make the search index of one account, or of all, anew. Mail stays findable meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="?", metavar="ADDRESS")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            noted = searchindex.again(options["address"])
        except CorreioError as error:
            raise CommandError(str(error)) from error
        while searchindex.sweep():
            continue
        self.stdout.write(f"messages indexed: {noted}")
