from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class TlsCount(models.Model):
    """How many sessions of a UTC day with servers of a domain ended in one way (RFC 8460 §4.3)."""

    day = models.DateField()
    domain = models.CharField(max_length=255, help_text="Of the recipients, as A-labels.")
    # SHA-256 of everything below but the number.
    digest = models.BinaryField(max_length=32)
    policy_type = models.CharField(max_length=16)
    policy_strings = ArrayField(models.TextField())
    mx_patterns = ArrayField(models.TextField())
    result_type = models.CharField(max_length=40, help_text="Empty for a success.")
    receiving_mx = models.CharField(max_length=255)
    receiving_ip = models.CharField(max_length=45)
    sending_ip = models.CharField(max_length=45)
    reason = models.TextField()
    sessions = models.BigIntegerField()

    class Meta:
        db_table = "tls_count"
        constraints = [models.UniqueConstraint("day", "domain", "digest", name="tls_count_unique")]

    def __str__(self) -> str:
        return f"{self.day} {self.domain}: {self.sessions} {self.result_type or 'successful'}"


class TlsReportSent(models.Model):
    """One report of a day to one address, or `uri` "" for a domain that wants none. The row is why none goes twice."""

    class State(models.TextChoices):
        WAITING = "waiting", "To be handed over"
        SENT = "sent", "Handed over"
        FAILED = "failed", "Given up"
        NONE = "none", "Not wanted"

    day = models.DateField()
    domain = models.CharField(max_length=255)
    uri = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State)
    next_try_at = models.DateTimeField(null=True)
    said = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tls_report_sent"
        constraints = [models.UniqueConstraint("day", "domain", "uri", name="tls_report_sent_unique")]
        indexes = [
            models.Index("next_try_at", name="tls_report_waiting", condition=models.Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.domain} to {self.uri or 'nobody'}"


class TlsReportReceived(models.Model):
    """What another organization saw of the encryption of one of our domains, by one policy of one report."""

    domain = models.CharField(max_length=255)
    day = models.DateField(help_text="In UTC, of the beginning.")
    submitter = models.CharField(max_length=255, help_text="The domain that signed the report.")
    report_id = models.CharField(max_length=255)
    # Of several policies in one report.
    place = models.SmallIntegerField()
    organization = models.CharField(max_length=255)
    policy_type = models.CharField(max_length=16)
    successes = models.BigIntegerField()
    failures = models.BigIntegerField()
    # [{"type": …, "sessions": …, "mx": …, "ip": …, "from": …, "reason": …}], the most frequent first.
    details = models.JSONField(default=list)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tls_report_received"
        ordering = ["-day", "domain", "organization", "place"]
        constraints = [
            models.UniqueConstraint("submitter", "report_id", "place", name="tls_report_received_unique"),
        ]
        indexes = [models.Index("day", "domain", name="tls_report_received_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.domain} seen by {self.organization}"
