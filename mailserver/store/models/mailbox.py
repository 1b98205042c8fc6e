from __future__ import annotations

import enum

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from mailserver.store.fields import UidSetField
from mailserver.store.models.account import Account
from mailserver.store.models.message import Message
from mailserver.store.models.thread import Thread


class Flag(enum.IntFlag):
    """System flags (RFC 9051 §2.3.2) and the registered keywords clients rely on, as bits of one smallint."""

    SEEN = 1
    ANSWERED = 2
    FLAGGED = 4
    DELETED = 8
    DRAFT = 16
    FORWARDED = 32
    MDN_SENT = 64
    JUNK = 128
    NOT_JUNK = 256


class Mailbox(models.Model):
    """A folder. UIDNEXT, HIGHESTMODSEQ and the counters live in the row and change under its lock (store/writer.py)."""

    class Use(models.TextChoices):
        NONE = "", "Folder"
        INBOX = "inbox", "Inbox"
        DRAFTS = "drafts", "Drafts"
        SENT = "sent", "Sent"
        ARCHIVE = "archive", "Archive"
        JUNK = "junk", "Spam"
        TRASH = "trash", "Trash"

    account = models.ForeignKey(Account, models.CASCADE, related_name="mailboxes", db_index=False)
    path = models.CharField(max_length=255, help_text="Levels separated by /.")
    special_use = models.CharField(max_length=16, choices=Use, blank=True, default=Use.NONE)
    uidvalidity = models.PositiveIntegerField()
    uidnext = models.PositiveIntegerField(default=1)
    first_recent_uid = models.PositiveIntegerField(
        default=1, help_text="No session has claimed this UID or a later one."
    )
    highestmodseq = models.BigIntegerField(default=1)
    total = models.IntegerField(default=0)
    unseen = models.IntegerField(default=0)
    size = models.BigIntegerField(default=0)
    subscribed = models.BooleanField(default=True)
    colour = models.CharField(max_length=16, blank=True)

    class Meta:
        db_table = "mailbox"
        verbose_name_plural = "mailboxes"
        constraints = [
            models.UniqueConstraint("account", "path", name="mailbox_path"),
            models.UniqueConstraint(
                "account", "special_use", condition=~models.Q(special_use=""), name="mailbox_special_use"
            ),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class Subscription(models.Model):
    """A name that an account subscribed to and that no folder has; a folder's own row says whether it is."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    path = models.CharField(max_length=255)

    class Meta:
        db_table = "subscription"
        constraints = [models.UniqueConstraint("account", "path", name="subscription_path")]

    def __str__(self) -> str:
        return self.path


class Label(models.Model):
    """An IMAP keyword of an account with the name and colour the page shows. Ids are unique over all accounts.

    Keywords that differ only in case are one; it keeps the spelling it came with first.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="labels", db_index=False)
    keyword = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    hue = models.SmallIntegerField(default=220)
    shown = models.BooleanField(default=True)

    class Meta:
        db_table = "label"
        constraints = [models.UniqueConstraint("account", Lower("keyword"), name="label_keyword")]

    def __str__(self) -> str:
        return self.name


class MailboxMessage(models.Model):
    """A message in a mailbox: what IMAP calls a message. Never index flags, keywords or modseq: changes stay HOT."""

    pk = models.CompositePrimaryKey("mailbox_id", "uid")
    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="entries", db_index=False)
    uid = models.IntegerField()
    # The folder's and the message's, which refer to them.
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="entries")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="entries", db_index=False, db_constraint=False)
    at = models.DateTimeField()
    modseq = models.BigIntegerField()
    flags = models.SmallIntegerField(default=0)
    keywords = ArrayField(models.IntegerField(), null=True)
    saved_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "mailboxmessage"
        indexes = [
            models.Index("mailbox", models.F("at").desc(), models.F("uid").desc(), name="mailboxmessage_at"),
            models.Index("thread", "mailbox", name="mailboxmessage_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox_id}:{self.uid}"


class Change(models.Model):
    """What one command changed in a mailbox; IMAP, SSE and push read the rows above the modseq they know."""

    pk = models.CompositePrimaryKey("mailbox_id", "modseq")
    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="changes", db_index=False)
    modseq = models.BigIntegerField()
    uids = UidSetField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "change"
        indexes = [models.Index("at", name="change_at")]

    def __str__(self) -> str:
        return f"{self.mailbox_id}:{self.modseq}"


class Vanished(models.Model):
    """An expunged entry (RFC 7162 §3.2). Its message stays readable until `until` for sessions not yet told."""

    pk = models.CompositePrimaryKey("mailbox_id", "uid")
    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="vanished", db_index=False)
    uid = models.IntegerField()
    modseq = models.BigIntegerField()
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    until = models.DateTimeField()

    class Meta:
        db_table = "vanished"
        indexes = [
            models.Index("mailbox", "modseq", name="vanished_modseq"),
            models.Index("until", name="vanished_until"),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox_id}:{self.uid}"


class Orphan(models.Model):
    """A message whose folder was deleted. It goes when no other folder holds it (services/retention.py)."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        db_table = "orphan"

    def __str__(self) -> str:
        return str(self.message_id)
