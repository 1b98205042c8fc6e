"""Every address of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webmail.views import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
]
