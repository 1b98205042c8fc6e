from __future__ import annotations

from django.db import models


class StsPolicy(models.Model):
    """The MTA-STS policy of a domain, fetched by services/sts_policies.py; `text` "" when none ever was."""

    domain = models.CharField(max_length=255, unique=True)
    identity = models.CharField(max_length=32, blank=True, help_text="The id of the record in the DNS.")
    text = models.TextField(blank=True)
    fetched_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField()
    tried_identity = models.CharField(max_length=32, blank=True)
    error = models.TextField(blank=True, help_text="Why the latest try to fetch it failed.")

    class Meta:
        db_table = "stspolicy"

    def __str__(self) -> str:
        return self.domain


class Relay(models.Model):
    """A way that mail for a domain takes instead of the one the DNS tells, and how to speak with the server there."""

    class Protection(models.TextChoices):
        MAY = "may", "Encrypt when the server offers it"
        ENCRYPT = "encrypt", "Always encrypt"
        VERIFY = "verify", "Always encrypt, and check the certificate"

    domain = models.CharField(max_length=255, unique=True, help_text="“*” stands for every other domain.")
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=25)
    protection = models.CharField(max_length=8, choices=Protection, default=Protection.MAY)
    username = models.CharField(max_length=320, blank=True)
    secret = models.TextField(blank=True, help_text="The password, encrypted by services/secrets.py.")

    class Meta:
        db_table = "relay"

    def __str__(self) -> str:
        return f"{self.domain} by {self.host}"
