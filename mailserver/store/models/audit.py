from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """Who did what in administration. Rows are only added."""

    at = models.DateTimeField()
    by = models.CharField(max_length=320, help_text="The administrator's address, or what of ours did it by itself.")
    action = models.CharField(max_length=40)
    target = models.CharField(max_length=400, help_text="What it was done to, in words.")
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "auditentry"
        verbose_name_plural = "audit entries"
        indexes = [models.Index("at", name="auditentry_at")]

    def __str__(self) -> str:
        return f"{self.by} {self.action} {self.target}"
