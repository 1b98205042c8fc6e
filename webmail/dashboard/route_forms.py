"""Forms for groups and forwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from mailserver.errors import CorreioError
from mailserver.services import forwards, groups
from mailserver.store.models import Address, Forward, Group
from webmail.dashboard.address_field import NewAddressField

if TYPE_CHECKING:
    ForwardFormBase = forms.ModelForm[Forward]
    GroupFormBase = forms.ModelForm[Group]
else:
    ForwardFormBase = GroupFormBase = forms.ModelForm


class TargetField(forms.CharField):
    """An address mail may go to: any of another server, or one that somebody has here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=320, **options)

    def clean(self, value: Any) -> str:
        try:
            return forwards.target(str(super().clean(value)))
        except CorreioError as error:
            raise ValidationError(str(error)) from error


class MembersField(forms.CharField):
    """Addresses, one on a line."""

    def __init__(self) -> None:
        super().__init__(
            widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
            max_length=200_000,
            help_text="One address on each line, here or at another server. A group may be a member too.",
        )

    def clean(self, value: Any) -> list[str]:
        try:
            return groups.targets_of(str(super().clean(value)).splitlines())
        except CorreioError as error:
            raise ValidationError(str(error)) from error


class NewForwardForm(ForwardFormBase):
    source = forms.CharField(max_length=320, label="Mail for", help_text="An account’s address or an alias.")
    whole_account = forms.BooleanField(
        required=False, label="All addresses of the account", help_text="Its aliases and what its catch-all takes, too."
    )
    to = TargetField(label="Goes to")
    keep = forms.BooleanField(required=False, initial=True, label="Keep a copy here")

    class Meta:
        model = Forward
        fields = ["keep"]

    field_order = ("source", "whole_account", "to", "keep")

    def clean_source(self) -> Address:
        try:
            return forwards.source(self.cleaned_data["source"])
        except CorreioError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        row, to = given.get("source"), given.get("to")
        if row and to:
            owner = {"account": row.account} if given["whole_account"] else {"address": row}
            if Forward.objects.filter(**owner, target__iexact=to).exists():
                self.add_error("to", "Mail goes there already.")
        return given


class ForwardForm(ForwardFormBase):
    to = TargetField(label="Goes to")
    keep = forms.BooleanField(required=False, label="Keep a copy here")

    class Meta:
        model = Forward
        fields = ["keep", "enabled"]

    field_order = ("to", "keep", "enabled")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("to", self.instance.target)

    def clean_to(self) -> str:
        to = str(self.cleaned_data["to"])
        same = Forward.objects.filter(address=self.instance.address, account=self.instance.account, target__iexact=to)
        if same.exclude(pk=self.instance.pk).exists():
            raise ValidationError("Mail goes there already.")
        return to


class NewGroupForm(GroupFormBase):
    address = NewAddressField(help_text="In a domain of this server, for example team@crepes.fr.")
    members = MembersField()

    class Meta:
        model = Group
        fields: tuple[str, ...] = ()


class GroupForm(GroupFormBase):
    members = MembersField()

    class Meta:
        model = Group
        fields = ["enabled"]

    field_order = ("members", "enabled")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial.setdefault("members", "\n".join(groups.members_of(self.instance.pk)))
