"""Ways of mail set by hand: smart hosts and the servers of single domains."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from mailserver.services import relays
from mailserver.store.models import Relay
from webmail.dashboard.admin import ServiceAdmin, become
from webmail.dashboard.relay_forms import NewRelayForm, RelayForm
from webmail.dashboard.routes import site

__all__ = ["RelayAdmin", "site"]


@admin.register(Relay)
class RelayAdmin(ServiceAdmin):
    form = RelayForm
    add_form = NewRelayForm
    list_display = ["way", "host", "port", "protection", "username"]
    search_fields = ["domain", "host"]
    ordering = ["domain"]

    @admin.display(description="mail for", ordering="domain")
    def way(self, relay: Relay) -> str:
        return "All other domains" if relay.domain == "*" else relay.domain

    def save_model(self, request: HttpRequest, obj: Relay, form: NewRelayForm, change: bool) -> None:
        given = form.cleaned_data
        made = relays.save(
            relay_id=obj.pk if change else None,
            domain=given["domain"],
            host=given["host"],
            port=given["port"],
            protection=given["protection"],
            username=given["username"],
            # An empty field leaves the password as it is: it is never shown again.
            password=given["password"] or None,
        )
        become(obj, made)

    def delete_model(self, request: HttpRequest, obj: Relay) -> None:
        relays.remove(relay_id=obj.pk)
