"""`manage.py make_dkim_key NAME`: sign a domain's mail with a new key at once, and print what to publish for it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.errors import CorreioError
from mailserver.services import dkimkeys, dnsrecords


class Command(BaseCommand):
    help = "Sign the mail of a domain with a new key at once, whatever the DNS shows; print the record to publish."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--selector", default="", help="one label; the default names the day")
        parser.add_argument("--ed25519", action="store_true", help="replace the Ed25519 key, not the RSA key")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = dkimkeys.make(
                options["name"], selector=options["selector"], kind="ed25519" if options["ed25519"] else "rsa"
            )
        except CorreioError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made.name}. TXT {dnsrecords.quoted(made.text)}")
