"""Folders: all of them on a page of their own for narrow windows, and making a new one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from mailserver.errors import AlreadyExists, InvalidName
from mailserver.services import mailboxes
from webmail.access import account, signed_in
from webmail.forms.folder import FolderForm


@require_safe
@signed_in
def folders(request: HttpRequest) -> HttpResponse:
    """The sidebar as a page."""
    return render(request, "folders/page.html", {"current": "folders"})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_folder(request: HttpRequest) -> HttpResponse:
    """Ask for a name and make the folder."""
    form = FolderForm(request.POST or None)
    if form.is_valid():
        try:
            box = mailboxes.create(account_id=account(request).pk, path=form.cleaned_data["path"])
        except (InvalidName, AlreadyExists) as error:
            form.add_error("path", str(error))
        else:
            messages.success(request, f"Made the folder {box.path}")
            return redirect("mailbox", box.pk)
    return render(request, "folders/new.html", {"form": form}, status=400 if form.errors else 200)
