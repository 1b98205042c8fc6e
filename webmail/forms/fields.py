"""Form fields whose value ends up in a message header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from mailserver.errors import InvalidName
from mailserver.mail import addresses
from mailserver.mail.addresses import HeaderAddress
from mailserver.services.recipients import is_hosted

# CR and LF would begin a header field of the attacker's choice (RFC 5322 §2.2), NUL ends strings elsewhere.
_BREAKS = re.compile(r"[\r\n\x00]")


def without_breaks(text: str) -> None:
    """Raises ValidationError for what could leave its header field."""
    if _BREAKS.search(text):
        raise ValidationError("A line break or a NUL character is not allowed here.", code="header_injection")


class HeaderField(forms.CharField):
    """One line of text for a header. Its ends are kept until they are checked: stripping would hide a line break."""

    def __init__(self, *, max_length: int = 998, **options: Any) -> None:
        super().__init__(max_length=max_length, strip=False, required=False, **options)
        self.validators.insert(0, without_breaks)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).strip()


class AddressesField(forms.CharField):
    """Addresses as people type them, separated by commas; any number of them, complete or not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=100_000, strip=False, required=False, **options)
        self.validators.insert(0, without_breaks)

    def clean(self, value: Any) -> list[HeaderAddress]:
        return addresses.parse_list(super().clean(value))


def wrong_addresses(people: Sequence[HeaderAddress]) -> list[str]:
    """Those of the addresses no mail can go to, as they were typed."""
    return [typed([person]) for person in people if not _is_complete(person.address)]


def typed(people: Sequence[HeaderAddress]) -> str:
    """The addresses as one types them; what is no address yet stays as it is."""
    return ", ".join(str(person) if person.address else person.name for person in people)


def _is_complete(address: str) -> bool:
    try:
        parsed = addresses.parse(address)
    except InvalidName:
        return False
    return "." in parsed.domain or parsed.domain.startswith("[") or is_hosted(parsed.domain)


class FilesField(forms.FileField):
    """Any number of uploaded files."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        files = data if isinstance(data, list) else [data] if data else []
        return [super(FilesField, self).clean(file, initial) for file in files]


class FilesInput(forms.FileInput):
    allow_multiple_selected = True
