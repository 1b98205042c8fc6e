"""`manage.py reparse`: read again what an older version read, without waiting for the worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mailserver.services import reparse


class Command(BaseCommand):
    help = "Read again the messages that an older version of Correio read. The worker does it too, in small steps."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        while done := reparse.sweep():
            count += done
        self.stdout.write(f"messages read again: {count}")
