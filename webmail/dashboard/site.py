"""The dashboard: Django's admin site under our frame, with pages of our own for the overview and the queue."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from mailserver.services import queue_list
from webmail.dashboard import alarms, dns, failing, log, overview, queue, queue_acts, refused, tls_reports

ELSEWHERE = ("password_change", "password_change_done", "jsi18n")


class Dashboard(AdminSite):
    site_title = "Correio"
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the frame around every page shows."""
        counts = queue_list.counts()
        disk = shutil.disk_usage(settings.CORREIO.data_dir) if settings.CORREIO.data_dir.exists() else None
        return {
            **super().each_context(request),
            "hostname": settings.CORREIO.hostname,
            "queue_counts": counts,
            "queue_waiting": counts["waiting"],
            "disk": disk,
            "disk_percent": round(100 * disk.used / disk.total) if disk else 0,
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        context = {**self.each_context(request), "title": "Overview", "overview": overview.build(), "here": "overview"}
        return TemplateResponse(request, "admin/index.html", context)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """There is one application: its page is the overview."""
        return self.index(request)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        own = [
            path("logout/", RedirectView.as_view(pattern_name="account"), name="logout"),
            path("queue/", self.admin_view(queue.listing), name="queue"),
            path("queue/act/", self.admin_view(queue_acts.act), name="queue_act"),
            path("queue/destinations/", self.admin_view(queue.by_destination), name="queue_destinations"),
            path("queue/pause/", self.admin_view(queue_acts.pause), name="queue_pause"),
            path("queue/<int:entry_id>/", self.admin_view(queue.entry), name="queue_entry"),
            path("alarms/<int:alarm_id>/", self.admin_view(alarms.page), name="alarm"),
            path("alarms/<int:alarm_id>/act/", self.admin_view(alarms.act), name="alarm_act"),
            path("log/", self.admin_view(log.listing), name="log"),
            path("dns/<int:domain_id>/", self.admin_view(dns.page), name="dns"),
            path("failing/", self.admin_view(failing.listing), name="failing"),
            path("dns/<int:domain_id>/act/", self.admin_view(dns.act), name="dns_act"),
            path("tls/", self.admin_view(tls_reports.listing), name="tls_reports"),
            path("refused/", self.admin_view(refused.listing), name="refused"),
        ]
        # Signing out and changing the password are done where everybody does them.
        theirs = [url for url in super().get_urls() if getattr(url, "name", "") not in ELSEWHERE]
        return [*own, *theirs]

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The same door as for everybody. Who is inside already and not an administrator gets no further."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect(f"{reverse('signin')}?{urlencode({'next': request.GET.get('next', reverse('admin:index'))})}")
