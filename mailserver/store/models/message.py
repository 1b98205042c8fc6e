from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from mailserver.mail.message import PARSER_VERSION
from mailserver.store.models.account import Account
from mailserver.store.models.blob import Blob
from mailserver.store.models.thread import Thread


class Message(models.Model):
    """One message of one account, never changed: the account's trace prefix, the shared blob, and what was parsed once.

    Its octets are `prefix + blob.raw`; offsets in `parts` count from the start of the blob.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="messages", db_index=False)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="messages")
    prefix = models.BinaryField(default=b"", help_text="Return-Path, Delivered-To, Received of the delivery.")
    size = models.IntegerField()
    surrogate_size = models.IntegerField(
        null=True, help_text="For readers that know no UTF-8 in headers (mail/surrogate.py); NULL: it is one for them."
    )
    at = models.DateTimeField(help_text="Internal date: when it arrived here.")
    sent_at = models.DateTimeField(null=True, help_text="The Date header.")
    subject = models.TextField(blank=True)
    from_name = models.TextField(blank=True)
    from_address = models.TextField(blank=True)
    recipients = models.JSONField(default=dict, help_text="to, cc, bcc, reply_to: lists of [name, address].")
    message_id = models.TextField(blank=True)
    references = ArrayField(models.TextField(), default=list)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="messages")
    preview = models.TextField(blank=True)
    has_attachments = models.BooleanField(default=False)
    attachments = models.JSONField(default=list, help_text="Lists of [name, type, bytes, section].")
    # Finished IMAP (mail/imapforms.py), text above 127 as UTF-8; NULL in rows that an older parser wrote.
    envelope = models.BinaryField(null=True)
    body = models.BinaryField(null=True)
    bodystructure = models.BinaryField(null=True)
    verdict = models.JSONField(null=True)
    parts = models.JSONField(default=dict, help_text="The section tree, see mail/structure.py.")
    header_block = models.BinaryField()
    header = models.TextField(blank=True, help_text="Folded subject, from, to for substring search.")
    header_cut = models.BooleanField(default=False)
    parser_version = models.SmallIntegerField()

    class Meta:
        db_table = "message"
        indexes = [
            # What is asked of all messages of a folder at once: their rows have ten times as many octets.
            models.Index("account", "id", include=["header", "size"], name="message_header"),
            models.Index("account", "message_id", name="message_message_id"),
            # What services/reparse.py has yet to read again. Empty most of the time, so that storing a message costs
            # nothing more: an index of all versions would take an entry of each, and a cursor kept elsewhere would
            # miss what an older process stores behind it.
            models.Index("id", condition=models.Q(parser_version__lt=PARSER_VERSION), name="message_outdated"),
        ]

    def __str__(self) -> str:
        return self.subject or "(no subject)"
