from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "webmail.dashboard"
    label = "dashboard"
