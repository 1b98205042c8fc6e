from __future__ import annotations

from django.db import models

from mailserver.store.models.mailbox import Mailbox


class MaildropLease(models.Model):
    """A POP3 session that has a mailbox for itself (RFC 1939 §4). It ends at `until` unless its holder renews it.

    A row and no advisory lock, which would keep a database connection for each session.
    """

    mailbox = models.OneToOneField(Mailbox, models.CASCADE, primary_key=True, related_name="+")
    holder = models.UUIDField()
    until = models.DateTimeField()

    class Meta:
        db_table = "maildroplease"

    def __str__(self) -> str:
        return f"{self.mailbox_id} until {self.until}"
