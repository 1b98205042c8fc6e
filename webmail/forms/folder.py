from __future__ import annotations

from django import forms


class FolderForm(forms.Form):
    """A new folder; `/` in the name makes levels."""

    path = forms.CharField(max_length=255)
