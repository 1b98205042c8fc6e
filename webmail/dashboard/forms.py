"""Forms of the dashboard. What they check again is checked by the services too; here it is said at the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from mailserver.errors import CorreioError
from mailserver.mail import addresses
from mailserver.services import administration
from mailserver.store.models import Account, Address, Domain
from webmail.dashboard.address_field import NewAddressField
from webmail.forms.fields import HeaderField

if TYPE_CHECKING:
    DomainFormBase = forms.ModelForm[Domain]
    AccountFormBase = forms.ModelForm[Account]
    AddressFormBase = forms.ModelForm[Address]
else:
    DomainFormBase = AccountFormBase = AddressFormBase = forms.ModelForm

GIGABYTE = 1024**3


class AccountField(forms.CharField):
    """An account, named by its address: a list of thousands would help nobody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=320, **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return Account.objects.filter(pk=value).values_list("address", flat=True).first() or ""
        return value

    def clean(self, value: Any) -> Account | None:
        text = str(super().clean(value)).strip()
        if not text:
            return None
        account = Account.objects.filter(address__iexact=text).first()
        if account is None:
            raise ValidationError("There is no account with this address.")
        return account


class QuotaField(forms.DecimalField):
    """Gigabytes on the page, bytes in the database; 0 means no bound."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1_000_000, decimal_places=3, **options)

    def prepare_value(self, value: Any) -> Any:
        return f"{value / GIGABYTE:.3f}".rstrip("0").rstrip(".") if isinstance(value, int) else value

    def clean(self, value: Any) -> int:
        return int(super().clean(value) * GIGABYTE)


class NewDomainForm(DomainFormBase):
    name = forms.CharField(max_length=255, label="Domain", help_text="For example crepes.fr.")

    class Meta:
        model = Domain
        fields = ["name", "transport"]

    def clean_name(self) -> str:
        try:
            name = addresses.parse(f"postmaster@{self.cleaned_data['name'].strip()}").domain
        except CorreioError as error:
            raise ValidationError(str(error)) from error
        if Domain.objects.filter(name=name).exists():
            raise ValidationError(f"The domain {name} is here already.")
        return str(self.cleaned_data["name"])


class DomainForm(DomainFormBase):
    catch_all = AccountField(
        required=False, help_text="Takes mail to addresses nobody has. Leave it empty to refuse them."
    )

    class Meta:
        model = Domain
        fields = ["hosted", "enabled", "transport", "catch_all", "mta_sts", "tls_reports_to"]

    def clean_tls_reports_to(self) -> str:
        text = str(self.cleaned_data["tls_reports_to"]).strip()
        try:
            return str(addresses.parse(text)) if text else ""
        except CorreioError as error:
            raise ValidationError(str(error)) from error


class NewAccountForm(AccountFormBase):
    address = NewAddressField(help_text="In a domain of this server.")
    name = HeaderField(max_length=200)
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False)
    is_staff = forms.BooleanField(required=False, label="Administrator")

    class Meta:
        model = Account
        fields = ["address", "name", "password", "is_staff"]

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"])
        if "+" in address.rpartition("@")[0]:
            raise ValidationError("An account’s own address cannot hold a +.")
        return address

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"])
        return str(self.cleaned_data["password"])


class AccountForm(AccountFormBase):
    name = HeaderField(max_length=200)
    quota = QuotaField(label="Storage in GB", help_text="0 means no bound.")
    new_password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        required=False,
        help_text="Leave it empty to keep the one there is. A new one signs the account out everywhere.",
    )

    class Meta:
        model = Account
        fields = [
            "name",
            "quota",
            "hourly_limit",
            "daily_limit",
            "pop3",
            "hidden_capabilities",
            "is_active",
            "is_staff",
        ]
        labels: ClassVar[dict[str, str]] = {"hidden_capabilities": "IMAP extensions to hide"}
        help_texts: ClassVar[dict[str, str]] = {
            "hidden_capabilities": (
                "For a mail program that stumbles over one: its name as the server announces it. "
                "Several with spaces between them, such as COMPRESS NOTIFY. From the next sign-in on."
            ),
        }

    def clean_hidden_capabilities(self) -> str:
        try:
            return administration.capability_names(self.cleaned_data["hidden_capabilities"])
        except CorreioError as error:
            raise ValidationError(str(error)) from error

    def clean_new_password(self) -> str:
        password = str(self.cleaned_data["new_password"])
        if password:
            validate_password(password, self.instance)
        return password


class NewAddressForm(AddressFormBase):
    address = NewAddressField(help_text="Mail to it goes to the account below.")
    account = AccountField()

    class Meta:
        model = Address
        fields = ["account"]


class AddressForm(AddressFormBase):
    account = AccountField()

    class Meta:
        model = Address
        fields = ["enabled"]
