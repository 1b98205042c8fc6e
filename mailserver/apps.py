from django.apps import AppConfig


class MailserverConfig(AppConfig):
    name = "mailserver"
