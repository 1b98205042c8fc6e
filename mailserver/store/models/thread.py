from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from mailserver.store.models.account import Account


class Thread(models.Model):
    """A conversation of an account: messages joined by the ids they mention under one base subject."""

    # Nobody looks for the conversations of an account; their lines are found by folder.
    account = models.ForeignKey(Account, models.CASCADE, related_name="threads", db_index=False)
    base_subject = models.TextField(blank=True)

    class Meta:
        db_table = "thread"

    def __str__(self) -> str:
        return self.base_subject


class ThreadReference(models.Model):
    """Message-IDs an account has seen mentioned, by digest, and the conversation they belong to.

    A late parent finds its answers here although none of them is its ancestor.
    """

    pk = models.CompositePrimaryKey("account_id", "digest", "thread_id")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    digest = models.BigIntegerField(help_text="First 8 octets of blake2b(message-id), signed.")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="references")

    class Meta:
        db_table = "threadreference"

    def __str__(self) -> str:
        return f"{self.account_id}:{self.digest}"


class ThreadBox(models.Model):
    """One line of a conversation list: everything it shows, kept in the transaction that changes an entry."""

    # A star writes every index anew, so there are few: that of the key begins with the thread (migration 0025) and
    # serves its lines too.
    pk = models.CompositePrimaryKey("mailbox_id", "thread_id")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    mailbox = models.ForeignKey("store.Mailbox", models.CASCADE, related_name="lines", db_index=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="lines", db_index=False)
    latest_at = models.DateTimeField()
    latest_message = models.ForeignKey("store.Message", models.CASCADE, related_name="+", db_index=False)
    total = models.IntegerField(help_text="Messages of the conversation in all folders but Trash, Spam, Drafts.")
    unseen = models.IntegerField()
    starred = models.IntegerField()
    attach = models.BooleanField()
    participants = models.JSONField(help_text="Lists of [address, name, unseen], in order of appearance.")
    subject = models.TextField()
    preview = models.TextField()
    attachments = models.JSONField(help_text="Names of the newest attachments, at most four.")
    labels = ArrayField(models.IntegerField(), default=list)

    class Meta:
        db_table = "threadbox"
        indexes = [
            models.Index("mailbox", models.F("latest_at").desc(), models.F("thread").desc(), name="threadbox_latest"),
            models.Index(
                "mailbox",
                models.F("latest_at").desc(),
                models.F("thread").desc(),
                condition=models.Q(unseen__gt=0),
                name="threadbox_unseen",
            ),
            models.Index(
                "mailbox",
                models.F("latest_at").desc(),
                models.F("thread").desc(),
                condition=models.Q(starred__gt=0),
                name="threadbox_starred",
            ),
        ]

    def __str__(self) -> str:
        return self.subject
