from __future__ import annotations

from django.db import models

from mailserver.store.models.account import Account
from mailserver.store.models.queue import QueueEntry


class Suppression(models.Model):
    """An address whose mail comes back to an account: counted at first, then (`since`) written to no more."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="suppressions")
    address = models.CharField(max_length=320, help_text="In lower case.")
    failures = models.PositiveIntegerField(default=0, help_text="Messages that came back, within the period.")
    last_entry = models.ForeignKey(QueueEntry, models.SET_NULL, null=True, blank=True, related_name="+")
    last_at = models.DateTimeField()
    status = models.CharField(max_length=12, blank=True)
    reason = models.TextField(blank=True, help_text="The reply, as it was said.")
    # The next server takes the mail and returns it afterwards: that it takes another message proves nothing.
    returned = models.BooleanField(default=False)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "suppression"
        verbose_name = "failing address"
        verbose_name_plural = "failing addresses"
        constraints = [models.UniqueConstraint("account", "address", name="suppression_account_address")]

    def __str__(self) -> str:
        return self.address
