from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "mailserver.store"
    label = "store"
    verbose_name = "Mail store"
    default_auto_field = "django.db.models.BigAutoField"
