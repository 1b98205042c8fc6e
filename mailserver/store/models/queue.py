from __future__ import annotations

from django.contrib.postgres.indexes import HashIndex
from django.db import models

from mailserver.store.models.account import Account
from mailserver.store.models.blob import Blob
from mailserver.store.models.message import Message


class QueueEntry(models.Model):
    """One message on its way out. The rows are the queue; Redis only wakes workers."""

    reference = models.CharField(max_length=16, help_text="The id told in the 250 reply.")
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="queue_entries", db_index=False
    )
    sender = models.CharField(max_length=320, blank=True, help_text="MAIL FROM; empty for a bounce.")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="queue_entries")
    sent_copy = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="queue_entries")
    # The trace headers our server puts in front; apart from the blob so that the sent copy can share it.
    prefix = models.BinaryField(default=b"")
    message_id = models.TextField(blank=True, help_text="The Message-ID header, without <>.")
    subject = models.TextField(blank=True)
    size = models.IntegerField()
    eight_bit = models.BooleanField(default=False)
    smtputf8 = models.BooleanField(default=False)
    require_tls = models.BooleanField(default=False)
    priority = models.SmallIntegerField(default=0)
    envelope_id = models.CharField(max_length=100, blank=True, help_text="RFC 3461 ENVID.")
    full_return = models.BooleanField(null=True, help_text="RFC 3461 RET: yes is FULL, no is HDRS.")
    not_before = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "queueentry"
        verbose_name_plural = "queue"
        # A field that is unique would have a second index, for LIKE.
        constraints = [models.UniqueConstraint("reference", name="queueentry_reference")]
        indexes = [
            models.Index("account", models.F("created_at").desc(), name="queueentry_account"),
            # What was passed on for groups and forwards, to recognise a message that is sent to us again. By hash: a
            # Message-ID may be longer than an entry of a tree.
            HashIndex("message_id", name="queueentry_passed_on", condition=models.Q(account__isnull=True)),
            # What waits for the moment its author chose is counted beside the folders.
            models.Index("account", "not_before", name="queueentry_waiting", condition=models.Q(finished_at=None)),
            models.Index("finished_at", name="queueentry_finished", condition=models.Q(finished_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.reference


class QueueRecipient(models.Model):
    """One recipient of a queue entry: its state, its lease while a worker has it, and the last reply heard."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        DELIVERING = "delivering", "Delivering"
        DEFERRED = "deferred", "Waiting to try again"
        HELD = "held", "Held"
        DELIVERED = "delivered", "Delivered"
        BOUNCED = "bounced", "Returned"
        EXPIRED = "expired", "Given up"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.QUEUED, State.DELIVERING, State.DEFERRED, State.HELD)

    entry = models.ForeignKey(QueueEntry, models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=320)
    domain = models.CharField(max_length=255)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    # Who has the lease. A worker whose lease was taken over finds another token and records nothing.
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    notify = models.CharField(max_length=32, blank=True, help_text="RFC 3461 NOTIFY.")
    original_recipient = models.CharField(max_length=500, blank=True, help_text="RFC 3461 ORCPT.")
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)
    reply_enhanced = models.CharField(max_length=12, blank=True)
    reply_text = models.TextField(blank=True)
    remote_host = models.CharField(max_length=255, blank=True)
    remote_address = models.CharField(max_length=64, blank=True)
    tls = models.CharField(max_length=80, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    delay_told_at = models.DateTimeField(null=True, blank=True, help_text="When the sender was told of the delay.")
    # The sender's list of failing addresses knows this one: a success takes it off, without a question for all others.
    suspect = models.BooleanField(default=False)

    class Meta:
        db_table = "queuerecipient"
        indexes = [
            # Due work by destination, and the sweep over all destinations.
            models.Index(
                "domain",
                "next_attempt_at",
                name="queuerecipient_due",
                condition=models.Q(state__in=["queued", "deferred", "delivering"]),
            ),
            models.Index(
                "next_attempt_at",
                name="queuerecipient_sweep",
                condition=models.Q(state__in=["queued", "deferred", "delivering"]),
            ),
            # What administrators look through: on hold, and returned; the latter tells of stolen accounts too.
            models.Index("next_attempt_at", "id", name="queuerecipient_held", condition=models.Q(state="held")),
            models.Index(
                "finished_at",
                "id",
                name="queuerecipient_returned",
                condition=models.Q(state__in=["bounced", "expired"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} ({self.state})"


class DeliveryAttempt(models.Model):
    """One try: a connection (or the failure to get one) for one entry, with the whole dialogue."""

    entry = models.ForeignKey(QueueEntry, models.CASCADE, related_name="attempts")
    domain = models.CharField(max_length=255)
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    remote_host = models.CharField(max_length=255, blank=True)
    remote_address = models.CharField(max_length=64, blank=True)
    remote_port = models.PositiveIntegerField(null=True, blank=True)
    preference = models.PositiveIntegerField(null=True, blank=True, help_text="MX preference.")
    source = models.CharField(max_length=8, blank=True, help_text="route, mx or address.")
    tls = models.CharField(max_length=80, blank=True)
    tls_policy = models.CharField(max_length=12, blank=True, help_text="none, sts, dane, route or requiretls.")
    tls_verified = models.BooleanField(default=False, help_text="Whether the server proved who it is.")
    tls_reason = models.TextField(blank=True, help_text="Why, in plain words.")
    transcript = models.JSONField(default=list, help_text="Lists of [seconds, client|server|note, text].")

    class Meta:
        db_table = "deliveryattempt"
        ordering = ["started_at"]

    def __str__(self) -> str:
        return f"attempt {self.number} at {self.remote_host or self.domain}"


class DeliveryResult(models.Model):
    """What one attempt meant for one recipient."""

    attempt = models.ForeignKey(DeliveryAttempt, models.CASCADE, related_name="results")
    recipient = models.ForeignKey(QueueRecipient, models.CASCADE, related_name="results")
    outcome = models.CharField(max_length=12, help_text="delivered, deferred or bounced.")
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)
    reply_enhanced = models.CharField(max_length=12, blank=True)
    reply_text = models.TextField(blank=True)

    class Meta:
        db_table = "deliveryresult"

    def __str__(self) -> str:
        return f"{self.outcome}: {self.reply_text}"
