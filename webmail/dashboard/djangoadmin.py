"""Django's admin application with our site in it, and only our models on it."""

from importlib import import_module

from django.contrib.admin.apps import SimpleAdminConfig


class SiteConfig(SimpleAdminConfig):
    default_site = "webmail.dashboard.site.Dashboard"

    def ready(self) -> None:
        super().ready()
        import_module("webmail.dashboard.admin")
