from __future__ import annotations

from django.db import models

from mailserver.store.models.domain import Domain


class DkimKey(models.Model):
    """A key of a domain. Of each kind one is active at most, and one is next at most; the active ones all sign."""

    class Kind(models.TextChoices):
        RSA = "rsa", "RSA, 2,048 bits"
        ED25519 = "ed25519", "Ed25519"

    class State(models.TextChoices):
        NEXT = "next", "To be published"
        ACTIVE = "active", "Signs"
        RETIRED = "retired", "Has signed"

    domain = models.ForeignKey(Domain, models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=63, help_text="The key is published at selector._domainkey.domain.")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.NEXT)
    # What the owner publishes; the private key is not needed to show it.
    record = models.TextField()
    # PKCS #8 DER in base64, encrypted by services/secrets.py. Empty once the key is retired: nothing needs it then.
    secret = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When the DNS last answered, and since when it has shown the record; None when it did not the last time.
    asked_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dkim_key"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint("domain", "selector", name="dkim_key_unique"),
            models.UniqueConstraint(
                "domain", "kind", "state", name="dkim_key_one", condition=~models.Q(state="retired")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain.name}"
