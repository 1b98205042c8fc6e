from __future__ import annotations

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING

from django import forms

from mailserver.store.models import Account
from webmail.forms.fields import HeaderField

if TYPE_CHECKING:
    AccountModelForm = forms.ModelForm[Account]
else:
    AccountModelForm = forms.ModelForm


class AccountForm(AccountModelForm):
    """What a person may change about how Correio looks and calls them, and how programs read their mail."""

    name = HeaderField(max_length=200)

    class Meta:
        model = Account
        fields = ["name", "theme", "density", "time_zone", "pop3"]

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name not in _all_time_zones():
            raise forms.ValidationError("There is no such time zone.")
        return name


def time_zones() -> list[str]:
    """Names to choose from: regions and cities, and UTC."""
    return sorted(name for name in _all_time_zones() if name == "UTC" or name.split("/")[0] in _REGIONS)


@cache
def _all_time_zones() -> frozenset[str]:
    # Six hundred files are looked into: 10 ms and more.
    return frozenset(zoneinfo.available_timezones())


_REGIONS = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
