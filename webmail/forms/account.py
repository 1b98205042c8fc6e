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


# Seconds in which Send can be undone.
UNDO_SEND = (0, 5, 10, 20, 30)


class AccountForm(AccountModelForm):
    """What a person may change about how Correio looks and calls them, and how programs read their mail."""

    name = HeaderField(max_length=200)

    undo_send = forms.TypedChoiceField(
        choices=[("", "As the server"), *((str(value), f"{value} seconds" if value else "Off") for value in UNDO_SEND)],
        coerce=int,
        empty_value=None,
        required=False,
    )

    class Meta:
        model = Account
        fields = ["name", "theme", "density", "time_zone", "pop3", "undo_send"]

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
