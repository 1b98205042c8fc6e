from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from mailserver.store.models import Account


class PasswordForm(forms.Form):
    """A new password, typed twice, and the one there is."""

    current = forms.CharField(strip=False, max_length=4096)
    new = forms.CharField(strip=False, max_length=4096)
    again = forms.CharField(strip=False, max_length=4096)

    def __init__(self, account: Account, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.account = account

    def clean_new(self) -> str:
        password = str(self.cleaned_data["new"])
        validate_password(password, self.account)
        return password

    def clean_again(self) -> str:
        if self.cleaned_data["again"] != self.cleaned_data.get("new", self.cleaned_data["again"]):
            raise forms.ValidationError("The two do not agree.")
        return str(self.cleaned_data["again"])
