"""`manage.py rotate_dkim_keys NAME`: new keys for a domain, or with `--now` let those that wait sign."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.errors import CorreioError
from mailserver.mail import addresses
from mailserver.services import dkimkeys, dkimrotation, dnsrecords


class Command(BaseCommand):
    help = "Make the next DKIM keys of a domain and print their records. They sign once the DNS shows them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--now", action="store_true", help="let the next keys sign at once, whatever the DNS shows")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            dkimrotation.begin(options["name"])
            if options["now"]:
                dkimrotation.activate(options["name"])
        except CorreioError as error:
            raise CommandError(str(error)) from error
        for key in dkimkeys.published(addresses.to_ascii(options["name"])):
            if key.state in ("next", "active"):
                self.stdout.write(f"{key.name}. TXT {dnsrecords.quoted(key.text)}  ; {key.state}")
