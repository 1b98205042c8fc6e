from __future__ import annotations

from django.db import models

from mailserver.store.models.domain import Domain


class DkimKey(models.Model):
    """A key that signs the mail of a domain; the newest one that is not retired does."""

    domain = models.ForeignKey(Domain, models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=63, help_text="The key is published at selector._domainkey.domain.")
    # PKCS #8 DER. As secret as the mail in the same database; nothing shows it.
    private_key = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dkim_key"
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint("domain", "selector", name="dkim_key_unique")]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain.name}"
