"""What the writer posts, whether to save, to add a file or to send."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from mailserver.mail import plaintext, written
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Attachment
from mailserver.mail.htmlbudget import affordable
from mailserver.services.accounts import own_addresses
from mailserver.services.draft_content import Kept
from mailserver.services.draft_source import Source
from mailserver.services.drafts import Writing
from mailserver.store.models import Account
from webmail.forms.fields import AddressesField, FilesField, FilesInput, HeaderField, wrong_addresses

RECIPIENTS = ("to", "cc", "bcc")
MAX_TEXT = 1024 * 1024  # characters; what is longer can be attached
_SOURCE = re.compile(r"(reply|forward) (\d{1,18})")
_KEPT = re.compile(r"(\d{1,18}):([\d.]{1,200})")


class ComposeForm(forms.Form):
    draft = forms.IntegerField(required=False)
    source = forms.RegexField(_SOURCE, required=False)
    sender = forms.ChoiceField()
    to = AddressesField()
    cc = AddressesField()
    bcc = AddressesField()
    subject = HeaderField()
    text = forms.CharField(required=False, strip=False, max_length=MAX_TEXT)
    html = forms.CharField(required=False, strip=False, max_length=MAX_TEXT)
    rich = forms.BooleanField(required=False)
    quoted = forms.BooleanField(required=False)
    receipt = forms.BooleanField(required=False)
    uploads = FilesField(required=False, widget=FilesInput, allow_empty_file=True)

    def __init__(self, account: Account, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.account = account
        people = [HeaderAddress(account.name, address) for address in own_addresses(account.pk)]
        self.senders = [(person.address, str(person)) for person in people]
        sender = self.fields["sender"]
        assert isinstance(sender, forms.ChoiceField)
        sender.choices = self.senders

    def clean_html(self) -> str:
        """Cleaning 300 KB of unclosed tags takes 11 s: what browsers never make is not cleaned."""
        html = str(self.cleaned_data["html"])
        if len(affordable(html)) < len(html):
            raise ValidationError("This text has too many formats in each other. Clear some, or use plain text.")
        return html

    @classmethod
    def posted(cls, request: HttpRequest, account: Account) -> ComposeForm:
        return cls(account, request.POST, request.FILES)

    @property
    def source_of(self) -> Source | None:
        found = _SOURCE.fullmatch(str(self["source"].value() or ""))
        return Source(found[1], int(found[2])) if found else None

    @property
    def kept(self) -> list[Kept]:
        """Attachments the writer still lists, less the one whose remove button was pressed."""
        removed = self.data.get("remove")
        values: Sequence[str] = self.data.getlist("kept") if hasattr(self.data, "getlist") else ()
        found = (_KEPT.fullmatch(value) for value in values if value != removed)
        return [Kept(int(match[1]), match[2]) for match in found if match]

    @property
    def own_text(self) -> str:
        """What was written, without the quote, as plain text."""
        html = self._own_html
        return plaintext.from_html(html) if html else str(self.cleaned_data["text"]).replace("\r\n", "\n")

    @property
    def _own_html(self) -> str:
        return written.clean(self.cleaned_data["html"]) if self.cleaned_data["rich"] else ""

    def writing(self, quote: tuple[str, str] = ("", "")) -> Writing:
        """The draft these fields describe; `quote` is what goes below the text, plain and rich."""
        given = self.cleaned_data
        return Writing(
            sender=HeaderAddress(self.account.name, given["sender"]),
            to=given["to"],
            cc=given["cc"],
            bcc=given["bcc"],
            subject=given["subject"],
            text=self.own_text + quote[0],
            html=self._own_html + quote[1] if given["rich"] else "",
            receipt=given["receipt"],
            source=self.source_of,
            kept=self.kept,
            uploads=[
                Attachment(
                    name=file.name or "attachment",
                    type=file.content_type or "application/octet-stream",
                    data=file.read(),
                    content_id="",
                )
                for file in given["uploads"]
            ],
        )

    def check_recipients(self) -> bool:
        """Whether the message could be sent to those named; if not, the fields say why."""
        for name in RECIPIENTS:
            wrong = wrong_addresses(self.cleaned_data[name])
            if wrong:
                shown = ", ".join(wrong)
                verb = "is not a complete address" if len(wrong) == 1 else "are not complete addresses"
                self.add_error(name, ValidationError(f"{shown} {verb}.", code="incomplete"))
        if not self.errors and not any(self.cleaned_data[name] for name in RECIPIENTS):
            self.add_error("to", ValidationError("Write at least one address.", code="nobody"))
        return not self.errors
