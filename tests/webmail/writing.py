"""What tests of the writer share: a signed-in browser without scripts, and the fields it posts."""

from __future__ import annotations

from typing import Any

from django.test import Client

from mailserver.services import mailboxes
from mailserver.store.models import Account, Mailbox, MailboxMessage

FIELDS = {
    "sender": "alice@crepes.fr",
    "to": "Bob <bob@hamburger.edu>",
    "cc": "",
    "bcc": "",
    "subject": "Crêpe night",
    "text": "Saturday at seven?",
    "html": "",
    "rich": "",
    "draft": "",
    "source": "",
}


def signed_in(account: Account) -> Client:
    browser = Client()
    browser.force_login(account)
    return browser


def fields(**changes: Any) -> dict[str, Any]:
    return {**FIELDS, **changes}


def entries(account: Account, use: str) -> list[MailboxMessage]:
    box = mailboxes.by_use(account.pk, use)
    return list(MailboxMessage.objects.filter(mailbox=box).select_related("message").order_by("uid"))


def drafts_of(account: Account) -> list[MailboxMessage]:
    return entries(account, Mailbox.Use.DRAFTS)
