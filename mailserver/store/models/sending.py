from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from mailserver.store.models.account import Account


class SendingHour(models.Model):
    """What an account sent in one hour of the clock: the limits and the alarm read a few such rows, not the queue."""

    pk = models.CompositePrimaryKey("account_id", "hour")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()
    recipients = models.IntegerField()
    domains = ArrayField(models.TextField(), default=list)
    networks = ArrayField(models.TextField(), default=list, help_text="Where mail programs called from.")

    class Meta:
        db_table = "sendinghour"

    def __str__(self) -> str:
        return f"{self.recipients} recipients"


class SendingAlarm(models.Model):
    """An account that suddenly sent in another way than ever: while `closed_at` is empty, what it sends is held."""

    class Outcome(models.TextChoices):
        RELEASED = "released", "Released"
        DISCARDED = "discarded", "Discarded"

    account = models.ForeignKey(Account, models.CASCADE, related_name="alarms")
    at = models.DateTimeField()
    reasons = models.JSONField(help_text="Objects of kind, seen and most: mail/sendingalarm.py.")
    figures = models.JSONField(help_text="All that was seen then.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When administrators and the owner got mail.")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=320, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)

    class Meta:
        db_table = "sendingalarm"
        constraints = [
            models.UniqueConstraint(
                "account", name="sendingalarm_one_open", condition=models.Q(closed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"alarm of {self.at:%Y-%m-%d %H:%M}"
