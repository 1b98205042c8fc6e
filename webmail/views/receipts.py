"""The reader's answer to a wish for a read receipt."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from mailserver.services import messages, receipts
from mailserver.services.threads import conversation_message
from mailserver.store.models.mailbox import Flag
from webmail.access import account, signed_in
from webmail.fragments import Part, is_htmx, parts


@require_POST
@signed_in
def receipt(request: HttpRequest, message_id: int) -> HttpResponse:
    """`act=send` tells the sender that the message was read; anything else never asks again."""
    account_id = account(request).pk
    item = conversation_message(account_id, message_id)
    if request.POST.get("act") == "send":
        receipts.send(account_id=account_id, message_id=message_id)
        words = "The receipt is on its way."
    else:
        messages.set_flags(account_id=account_id, mailbox_id=item.mailbox.pk, uids=[item.uid], add=Flag.MDN_SENT)
        words = "No receipt will be sent."
    if is_htmx(request):
        return parts(request, Part("#toasts", "shell/_toast.html", {"text": words}, "innerHTML"))
    notes.info(request, words)
    return redirect("conversation", item.mailbox.pk, item.message.thread_id)
