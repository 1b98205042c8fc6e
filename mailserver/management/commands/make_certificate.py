"""`manage.py make_certificate`: a self-signed certificate in the data folder, for an installation that has no other."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mailserver.stack import certificate


class Command(BaseCommand):
    help = "Make a self-signed certificate in DATA_DIR/tls unless a good one is there."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        path, _ = certificate.ensure(settings.CORREIO.data_dir / "tls", settings.CORREIO.hostname)
        self.stdout.write(str(path))
