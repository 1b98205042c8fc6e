from __future__ import annotations

import re

import idna
from django import forms

from mailserver.store.models import ExternalAccount
from webmail.forms.fields import without_breaks

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?|[0-9A-Fa-f:.]{2,45}")


class ExternalForm(forms.Form):
    """An account at another server to import from."""

    host = forms.CharField(max_length=253, error_messages={"required": "Which server? It is often called imap.…"})
    port = forms.IntegerField(min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(choices=ExternalAccount.Security, initial=ExternalAccount.Security.TLS)
    username = forms.CharField(
        max_length=320, validators=[without_breaks], error_messages={"required": "Often it is the whole address."}
    )
    password = forms.CharField(
        max_length=1024,
        strip=False,
        validators=[without_breaks],
        error_messages={"required": "The password for that server."},
    )
    mode = forms.ChoiceField(choices=ExternalAccount.Mode, initial=ExternalAccount.Mode.ONCE)

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).rstrip(".").lower()
        try:
            host = host if host.isascii() else idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise forms.ValidationError("This is no name of a server.") from error
        if not _HOST.fullmatch(host):
            raise forms.ValidationError("This is no name of a server, such as imap.example.org.")
        return host


class ExternalPasswordForm(forms.Form):
    """Another password for an account there."""

    password = forms.CharField(max_length=1024, strip=False, validators=[without_breaks])
