"""`manage.py create_account ADDRESS --password-stdin [--name N] [--admin]`."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailserver.errors import CorreioError
from mailserver.services.accounts import create_account


class Command(BaseCommand):
    help = "Create an account; its domain must be one of this server's (add_domain)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--name", default="", help="The display name.")
        parser.add_argument("--admin", action="store_true", help="May use the dashboard.")
        parser.add_argument(
            "--password-stdin", action="store_true", required=True, help="Read the password from standard input."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(password)
            account = create_account(
                address=options["address"], name=options["name"], password=password, admin=options["admin"]
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except CorreioError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"created {account.address}")
