from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from mailserver.store.models.account import Account
from mailserver.store.models.message import Message
from mailserver.store.models.queue import QueueEntry


class Event(models.Model):
    """One step of a message's way, in or out. Rows are only ever added; the path page is drawn from them."""

    class Kind(models.TextChoices):
        COMPOSED = "composed", "Written and sent off"
        SUBMITTED = "submitted", "Taken by the mail server"
        QUEUED = "queued", "Put in the queue"
        ATTEMPTED = "attempted", "Tried"
        DELIVERED = "delivered", "Handed over"
        DEFERRED = "deferred", "Has to wait"
        BOUNCED = "bounced", "Returned"
        REPORTED = "reported", "Told by the other server"
        STORED = "stored", "In the mailbox"
        FORWARDED = "forwarded", "Passed on"
        READ = "read", "Read, says a receipt"
        RECEIPT_SENT = "receipt_sent", "Read receipt sent"
        HELD = "held", "Held"
        RELEASED = "released", "Released"
        CANCELLED = "cancelled", "Cancelled"
        REFUSED = "refused", "Turned away at the door"

    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=Kind)
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="events", db_index=False)
    entry = models.ForeignKey(QueueEntry, models.CASCADE, null=True, related_name="events", db_index=False)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="events")
    # The id that our 250 reply named; joins what the sender's side heard with what was filed here.
    reference = models.CharField(max_length=16, blank=True)
    recipient = models.CharField(max_length=320, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "event"
        ordering = ["at", "id"]
        indexes = [
            # Of what comes in, most of all, neither takes an entry.
            models.Index("entry", name="event_entry", condition=models.Q(entry__isnull=False)),
            models.Index("account", "at", name="event_bounced", condition=models.Q(kind="bounced")),
            models.Index("reference", name="event_reference", condition=~models.Q(reference="")),
            # Rows are only added, so time follows the pages: a few bytes find the events of a day.
            BrinIndex("at", name="event_at", pages_per_range=32, autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.recipient}"
