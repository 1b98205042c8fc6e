"""The form of a way of mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from mailserver.errors import CorreioError
from mailserver.services import relays
from mailserver.store.models import Relay

if TYPE_CHECKING:
    RelayFormBase = forms.ModelForm[Relay]
else:
    RelayFormBase = forms.ModelForm


class NewRelayForm(RelayFormBase):
    domain = forms.CharField(max_length=255, label="Mail for", help_text="A domain, or * for every other domain.")
    host = forms.CharField(max_length=253, label="Goes to", help_text="The name or address of a mail server.")
    port = forms.IntegerField(min_value=1, max_value=65535, initial=25)
    protection = forms.ChoiceField(
        choices=Relay.Protection.choices,
        label="Encryption",
        help_text="With a user name the connection is always encrypted.",
    )
    username = forms.CharField(max_length=320, required=False, label="User name")
    password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Relay
        fields = ["port", "protection"]

    field_order = ("domain", "host", "port", "protection", "username", "password")

    def clean_domain(self) -> str:
        domain = _checked(relays.domain_name, self.cleaned_data["domain"])
        if Relay.objects.filter(domain=domain).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Mail for this domain has a way already.")
        return domain

    def clean_host(self) -> str:
        return _checked(relays.host_name, self.cleaned_data["host"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("username") and not given.get("password") and not self.instance.secret:
            self.add_error("password", "A user name needs its password.")
        return given


class RelayForm(NewRelayForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("domain", "host", "port", "protection", "username"):
            self.initial.setdefault(name, getattr(self.instance, name))
        if self.instance.secret:
            self.fields["password"].help_text = "Leave it empty to keep the one that is set."


def _checked(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except CorreioError as error:
        raise ValidationError(str(error)) from error
