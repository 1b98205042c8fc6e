"""Groups and forwards."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from mailserver.services import administration, forwards, groups
from mailserver.store.models import Address, Forward, Group
from webmail.dashboard import route_forms
from webmail.dashboard.admin import ServiceAdmin, become, yes

site = admin.site  # for the list of addresses: whoever imports it has all our models on it


@admin.register(Group)
class GroupAdmin(ServiceAdmin):
    form = route_forms.GroupForm
    add_form = route_forms.NewGroupForm
    list_display = ["__str__", "member_count", "is_enabled"]
    list_select_related = ["domain"]
    search_fields = ["local_part", "domain__name", "forwards__target"]
    ordering = ["domain__name", "local_part"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).filter(kind=Address.Kind.GROUP)
        counted: QuerySet[Any] = rows.annotate(n=Count("forwards", distinct=True))
        return counted

    @admin.display(description="members", ordering="n")
    def member_count(self, group: Any) -> int:
        return int(group.n)

    @admin.display(description="on", ordering="enabled")
    def is_enabled(self, group: Group) -> str:
        return yes(group.enabled)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if not change:
            become(obj, groups.add_group(address=given["address"], members=given["members"]))
            return
        groups.change_group(address_id=obj.pk, members=given["members"], enabled=given["enabled"])

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        administration.remove_address(address_id=obj.pk)


@admin.register(Forward)
class ForwardAdmin(ServiceAdmin):
    """Forwards of accounts and aliases; those of groups are their members."""

    form = route_forms.ForwardForm
    add_form = route_forms.NewForwardForm
    list_display = ["source", "target", "keeps", "is_enabled"]
    list_select_related = ["address__domain", "account"]
    search_fields = ["target", "account__address", "address__local_part", "address__domain__name"]
    ordering = ["target"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(Q(address=None) | ~Q(address__kind=Address.Kind.GROUP))

    @admin.display(description="mail for")
    def source(self, forward: Forward) -> str:
        return f"All addresses of {forward.account}" if forward.account else str(forward.address)

    @admin.display(description="copy here", ordering="keep")
    def keeps(self, forward: Forward) -> str:
        return yes(forward.keep)

    @admin.display(description="on", ordering="enabled")
    def is_enabled(self, forward: Forward) -> str:
        return yes(forward.enabled)

    def save_model(self, request: HttpRequest, obj: Forward, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if not change:
            made = forwards.add_forward(
                address=str(given["source"]),
                to=given["to"],
                whole_account=given["whole_account"],
                keep=given["keep"],
            )
            become(obj, made)
            return
        forwards.change_forward(forward_id=obj.pk, to=given["to"], keep=given["keep"], enabled=given["enabled"])

    def delete_model(self, request: HttpRequest, obj: Forward) -> None:
        forwards.remove_forward(forward_id=obj.pk)
