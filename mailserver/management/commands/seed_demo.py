"""`manage.py seed_demo`: fill an empty server with the demo; the password comes from CORREIO_DEMO_PASSWORD."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailserver.services.demo.seed import seed


class Command(BaseCommand):
    help = "Fill an empty server with demo accounts and mail."

    def handle(self, *args: Any, **options: Any) -> None:
        password = settings.CORREIO.demo_password
        if not password:
            raise CommandError("CORREIO_DEMO_PASSWORD must name the password of the demo accounts.")
        made = seed(password=password).accounts
        self.stdout.write(f"made {', '.join(made)}" if made else "there are accounts already, nothing to do")
