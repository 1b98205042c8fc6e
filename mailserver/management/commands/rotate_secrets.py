"""`manage.py rotate_secrets`: encrypt all kept passwords with the first of the encryption keys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mailserver.services import secrets


class Command(BaseCommand):
    help = "Encrypt all kept passwords with the first key of CORREIO_ENCRYPTION_KEYS; then the others may go."

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = secrets.rotate()
        self.stdout.write(f"secrets encrypted anew: {done}")
        if lost:
            self.stderr.write(f"secrets that no key opens, left as they are: {lost}")
