"""The forms at the door: sign-in and first run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation

from mailserver.errors import InvalidName
from mailserver.mail import addresses
from mailserver.store.models import Account
from webmail.forms.fields import HeaderField


class SignInForm(forms.Form):
    address = forms.CharField(max_length=320)
    password = forms.CharField(max_length=1000, strip=False)
    stay = forms.BooleanField(required=False)


class WelcomeForm(forms.Form):
    """The first administrator: a name, an address at the new domain, a password."""

    name = HeaderField(max_length=200)
    address = forms.CharField(max_length=320)
    password = forms.CharField(max_length=1000, strip=False)

    def clean_address(self) -> str:
        try:
            return str(addresses.parse(self.cleaned_data["address"].strip()))
        except InvalidName as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if "password" in found:
            person = Account(address=found.get("address", ""), name=found.get("name", ""))
            try:
                password_validation.validate_password(found["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return found
