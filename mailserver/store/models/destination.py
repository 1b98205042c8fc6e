from __future__ import annotations

from django.db import models


class PausedDestination(models.Model):
    """A domain that nothing is sent to for the moment: its recipients stay in the queue, untried."""

    domain = models.CharField(max_length=255, primary_key=True, help_text="As in QueueRecipient.domain.")
    since = models.DateTimeField()
    by = models.CharField(max_length=320)

    class Meta:
        db_table = "pauseddestination"

    def __str__(self) -> str:
        return self.domain
