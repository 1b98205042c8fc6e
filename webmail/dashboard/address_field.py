"""The field for an address that is to be made."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mailserver.errors import CorreioError
from mailserver.mail import addresses
from mailserver.store.models import Address, Domain


class NewAddressField(forms.CharField):
    """One that nobody has yet, in a domain of this server."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=320, **options)

    def clean(self, value: Any) -> str:
        try:
            parsed = addresses.parse(str(super().clean(value)).strip())
        except CorreioError as error:
            raise ValidationError(str(error)) from error
        if not Domain.objects.filter(name=parsed.domain, hosted=True).exists():
            raise ValidationError(f"The domain {parsed.domain} is not hosted here.")
        if Address.objects.filter(domain__name=parsed.domain, local_part__iexact=parsed.local).exists():
            raise ValidationError(f"The address {parsed} is taken.")
        return str(parsed)
