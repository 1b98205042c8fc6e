from django.apps import AppConfig

from mailserver import heap


class MailserverConfig(AppConfig):
    name = "mailserver"

    def ready(self) -> None:
        heap.return_large_blocks()
