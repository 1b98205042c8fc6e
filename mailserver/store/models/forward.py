from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from mailserver.store.models.account import Account
from mailserver.store.models.domain import Address


class Forward(models.Model):
    """Mail to one address, or to all addresses of an account, also goes to `target`: here or at another server.

    The members of a group are the forwards of its address. A mailbox gets no copy when none of its forwards keeps one.
    """

    address = models.ForeignKey(Address, models.CASCADE, null=True, blank=True, related_name="forwards")
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="forwards")
    target = models.CharField("to", max_length=320, help_text="The domain in A-labels.")
    keep = models.BooleanField("keep a copy", default=True)
    enabled = models.BooleanField("on", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "forward"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(address__isnull=True, account__isnull=False)
                | models.Q(address__isnull=False, account__isnull=True),
                name="forward_address_or_account",
            ),
            models.UniqueConstraint("address", Lower("target"), name="forward_of_address"),
            models.UniqueConstraint("account", Lower("target"), name="forward_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.address or self.account} → {self.target}"
