from __future__ import annotations

from django.db import models

from mailserver.store.models.account import Account


class UndoStep(models.Model):
    """What takes back one action of the page. Kept by the server, so that a reload does not lose it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="undo_steps", db_index=False)
    at = models.DateTimeField(auto_now_add=True)
    title = models.CharField(max_length=200, help_text="What happened, as the toast says it.")
    moves = models.JSONField(
        default=list, help_text="Lists of [from mailbox, to mailbox, message ids]: move back from → to."
    )
    flags = models.JSONField(default=list, help_text="Lists of [mailbox, uids, bits to set, bits to clear].")
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "undostep"
        indexes = [models.Index("account", models.F("at").desc(), name="undostep_at")]

    def __str__(self) -> str:
        return self.title
