"""One message: its frame, its source, its files."""

from __future__ import annotations

import io
import zipfile

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from mailserver.errors import NotFound
from mailserver.mail import charset, images, names
from mailserver.net import fetch
from mailserver.services import messages
from mailserver.store.models import Message
from webmail.access import account, signed_in
from webmail.rendering import files, frames

# Types a browser may be told; everything else is octets (threats: attachment type trust).
HARMLESS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"})
OCTETS = "application/octet-stream"
SHOWN_SOURCE = 1024 * 1024


@require_safe
@signed_in
@xframe_options_sameorigin
def message_frame(request: HttpRequest, message_id: int) -> HttpResponse:
    """The HTML of a message, for the sandboxed frame; `?images=1` with pictures of other servers through our proxy."""
    message = messages.get(account(request).pk, message_id)
    return frames.document(request, message, account(request), remote=request.GET.get("images") == "1")


@require_safe
@signed_in
def message_source(request: HttpRequest, message_id: int) -> HttpResponse:
    """The original as it came, header and all."""
    message = messages.get(account(request).pk, message_id)
    raw = messages.raw(message)
    source = charset.decode(raw[:SHOWN_SOURCE], "utf-8")
    context = {"message": message, "source": source, "cut": len(raw) > SHOWN_SOURCE, "back": _place(message)}
    return render(request, "message/source.html", context)


@require_safe
@signed_in
def message_download(request: HttpRequest, message_id: int) -> HttpResponse:
    """The original as an .eml file."""
    message = messages.get(account(request).pk, message_id)
    name = names.file_name(f"{message.subject[:80] or 'message'}.eml", "message.eml")
    return _download(messages.raw(message), "message/rfc822", name)


@require_safe
@signed_in
def attachment(request: HttpRequest, message_id: int, section: str) -> HttpResponse:
    """An attachment to save."""
    message = messages.get(account(request).pk, message_id)
    part, octets = messages.part(message, section)
    return _download(octets, part.type, names.file_name(part.name, names.for_type(part.type, section)))


@require_safe
@signed_in
def all_attachments(request: HttpRequest, message_id: int) -> HttpResponse:
    """Every attachment of a message in one ZIP file."""
    message = messages.get(account(request).pk, message_id)
    packed, taken = io.BytesIO(), set[str]()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, (file, item) in enumerate(zip(files.of(message), message.attachments, strict=True), 1):
            name = file.name if file.name.casefold() not in taken else f"{number}-{file.name}"
            taken.add(name.casefold())
            archive.writestr(name, messages.part(message, item[3])[1])
    return _download(packed.getvalue(), "application/zip", _zip_name(message))


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of a message, by its signed address: a sandboxed frame has no session to show."""
    message_id, section = frames.signed_part(token)
    message = Message.objects.filter(pk=message_id, account__is_active=True).first()
    if message is None:
        raise NotFound("The message is gone.")
    octets = messages.part(message, section)[1]
    return _picture(octets, images.kind(octets))


@require_safe
def remote_picture(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of another server, fetched by ours so that the sender learns nothing about the reader."""
    try:
        found = fetch.image(frames.signed_url(token))
    except fetch.NotFetched as error:
        return HttpResponse(str(error), status=502, content_type="text/plain; charset=utf-8")
    return _picture(found.data, found.type)


def _place(message: Message) -> str:
    """The conversation a message is read in."""
    found = messages.locate(message.account_id, message.pk)
    return reverse("conversation", args=[found[0][0].pk, message.thread_id]) if found else reverse("inbox")


def _picture(octets: bytes, kind: str | None) -> HttpResponse:
    if kind is None:
        return HttpResponse(status=415)
    response = _plain(octets, kind)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _download(octets: bytes, kind: str, name: str) -> HttpResponse:
    response = _plain(octets, kind if kind in HARMLESS else OCTETS)
    response.headers["Content-Disposition"] = str(content_disposition_header(as_attachment=True, filename=name))
    return response


def _plain(octets: bytes, kind: str) -> HttpResponse:
    """Octets that can do nothing in a browser."""
    response = HttpResponse(octets, content_type=kind)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _zip_name(message: Message) -> str:
    return names.file_name(f"{message.subject[:80] or 'attachments'}.zip", "attachments.zip")
