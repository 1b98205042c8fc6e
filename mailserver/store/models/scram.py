from __future__ import annotations

from django.db import models

from mailserver.store.models.account import Account


class ScramVerifier(models.Model):
    """What checks the proofs of SCRAM for an account's password. It counts for that password only."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="scram")
    stamp = models.CharField(max_length=64, help_text="Of the password's hash it belongs to (services/scram.py).")
    # Encrypted by services/secrets.py: a stolen table must not be easier to guess from than the hashes are.
    secret = models.TextField()

    class Meta:
        db_table = "scram_verifier"

    def __str__(self) -> str:
        return f"SCRAM-SHA-256 of {self.account}"
