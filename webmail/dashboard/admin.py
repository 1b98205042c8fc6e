"""Domains, accounts and addresses. Every write goes through a service; the forms say what is wrong at the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet, Sum
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from mailserver.services import accounts, administration, alarms, domains, mta_sts
from mailserver.store.models import Account, Address, Domain
from webmail.access import row_id
from webmail.dashboard import forms
from webmail.rendering import dates
from webmail.templatetags.mail import filesize

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyForm = ModelForm[Any]
else:
    AnyAdmin, AnyForm = admin.ModelAdmin, ModelForm


class ServiceAdmin(AnyAdmin):
    """A list and a form; `add_form` for new rows. Nothing is done to many rows at once."""

    actions = None
    list_per_page = 100
    show_full_result_count = False
    add_form: type[AnyForm]

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **options: Any) -> Any:
        return self.form if obj else self.add_form

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        form = self.form if obj else self.add_form
        return list(form.field_order or form.base_fields)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The row before the service changes it."""
        return form.instance

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing hangs on these rows."""


def yes(value: bool) -> str:
    """Words, because Django's icons come with its own style."""
    return "Yes" if value else "No"


def become(row: Model, made: Model) -> None:
    """Let the form's row, which Django goes on with, be the one the service made."""
    row.pk = made.pk
    row.refresh_from_db()


@admin.register(Domain)
class DomainAdmin(ServiceAdmin):
    form = forms.DomainForm
    add_form = forms.NewDomainForm
    list_display = ["__str__", "is_hosted", "takes_mail", "transport", "address_count", "dns"]
    search_fields = ["name", "unicode_name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(n=Count("addresses"))
        return rows

    @admin.display(description="addresses", ordering="n")
    def address_count(self, domain: Any) -> int:
        return int(domain.n)

    @admin.display(description="hosted", ordering="hosted")
    def is_hosted(self, domain: Domain) -> str:
        return yes(domain.hosted)

    @admin.display(description="takes mail", ordering="enabled")
    def takes_mail(self, domain: Domain) -> str:
        return yes(domain.enabled)

    @admin.display(description="to publish")
    def dns(self, domain: Domain) -> str:
        link = '<a class="link" href="{}">DNS records<span class="unseen"> of {}</span></a>'
        return format_html(link, reverse("admin:dns", args=[domain.pk]), domain) if domain.hosted else ""

    def has_delete_permission(self, request: HttpRequest, obj: Domain | None = None) -> bool:
        return obj is None or not obj.addresses.exists()

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if not change:
            become(obj, domains.add_domain(given["name"], transport=given["transport"]))
            return
        catch_all = given["catch_all"]
        administration.change_domain(
            domain_id=obj.pk,
            hosted=given["hosted"],
            enabled=given["enabled"],
            transport=given["transport"],
            catch_all_id=catch_all.pk if catch_all else None,
        )
        mta_sts.change(domain_id=obj.pk, mode=given["mta_sts"], reports_to=given["tls_reports_to"])

    def delete_model(self, request: HttpRequest, obj: Domain) -> None:
        administration.remove_domain(domain_id=obj.pk)


@admin.register(Account)
class AccountAdmin(ServiceAdmin):
    form = forms.AccountForm
    add_form = forms.NewAccountForm
    list_display = ["address", "name", "storage", "may_sign_in", "reads_by_pop3", "administers", "signed_in"]
    search_fields = ["address", "name", "addresses__local_part"]
    ordering = ["address"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(used=Sum("mailboxes__size"))
        return rows

    @admin.display(description="storage", ordering="used")
    def storage(self, account: Any) -> str:
        used = filesize(account.used or 0)
        return f"{used} of {filesize(account.quota)}" if account.quota else used

    @admin.display(description="open", ordering="is_active")
    def may_sign_in(self, account: Account) -> str:
        return yes(account.is_active)

    @admin.display(description="POP3", ordering="pop3")
    def reads_by_pop3(self, account: Account) -> str:
        return yes(account.pop3)

    @admin.display(description="last signed in", ordering="last_login")
    def signed_in(self, account: Account) -> str:
        return dates.long(account.last_login) if account.last_login else "Never"

    @admin.display(description="administrator", ordering="is_staff")
    def administers(self, account: Account) -> str:
        return yes(account.is_staff)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        number = row_id(object_id)
        extra = {"alarm": alarms.opened(number) if number else None}
        return super().change_view(request, object_id, form_url, extra_context=extra)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """An account is closed by switching it off: its mail and its address stay out of strangers' hands."""
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if not change:
            made = accounts.create_account(
                address=given["address"], name=given["name"], password=given["password"], admin=given["is_staff"]
            )
            become(obj, made)
            return
        administration.change_account(
            account_id=obj.pk,
            name=given["name"],
            quota=given["quota"],
            pop3=given["pop3"],
            active=given["is_active"],
            admin=given["is_staff"],
        )
        administration.change_sending_limits(
            account_id=obj.pk,
            hourly=given["hourly_limit"],
            daily=given["daily_limit"],
            by=str(request.user),
        )
        administration.hide_capabilities(account_id=obj.pk, names=given["hidden_capabilities"], by=str(request.user))
        if given["new_password"]:
            accounts.set_password(account_id=obj.pk, password=given["new_password"])


@admin.register(Address)
class AddressAdmin(ServiceAdmin):
    form = forms.AddressForm
    add_form = forms.NewAddressForm
    list_display = ["__str__", "account", "kind", "is_enabled"]
    list_select_related = ["domain", "account"]
    search_fields = ["local_part", "domain__name", "account__address"]
    ordering = ["domain__name", "local_part"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Groups have a list of their own."""
        return super().get_queryset(request).exclude(kind=Address.Kind.GROUP)

    @admin.display(description="on", ordering="enabled")
    def is_enabled(self, address: Address) -> str:
        return yes(address.enabled)

    def has_delete_permission(self, request: HttpRequest, obj: Address | None = None) -> bool:
        return obj is None or obj.kind != Address.Kind.PRIMARY

    def has_change_permission(self, request: HttpRequest, obj: Address | None = None) -> bool:
        return obj is None or obj.kind != Address.Kind.PRIMARY

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Address], text: str) -> Any:
        local, at, domain = text.strip().rpartition("@")
        if at:
            return queryset.filter(Q(local_part__icontains=local) & Q(domain__name__istartswith=domain)), False
        return super().get_search_results(request, queryset, text)

    def save_model(self, request: HttpRequest, obj: Address, form: Any, change: bool) -> None:
        given = form.cleaned_data
        if not change:
            become(obj, accounts.add_alias(account_id=given["account"].pk, address=given["address"]))
            return
        administration.change_address(address_id=obj.pk, account_id=given["account"].pk, enabled=given["enabled"])

    def delete_model(self, request: HttpRequest, obj: Address) -> None:
        administration.remove_address(address_id=obj.pk)
