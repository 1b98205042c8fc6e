from __future__ import annotations

from django.db import models

from mailserver.store.models.account import Account
from mailserver.store.models.mailbox import Mailbox
from mailserver.store.models.message import Message


class ExternalAccount(models.Model):
    """A mailbox at another server whose mail is brought here by IMAP, once or again and again.

    A worker holds the row by a lease while it talks to that server (services/external_run.py).
    """

    class Security(models.TextChoices):
        TLS = "tls", "TLS"
        STARTTLS = "starttls", "STARTTLS"

    class Mode(models.TextChoices):
        ONCE = "once", "Once"
        KEEP = "keep", "Keep importing"

    class State(models.TextChoices):
        ACTIVE = "active", "Importing"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        STOPPED = "stopped", "Needs you"

    account = models.ForeignKey(Account, models.CASCADE, related_name="externals", db_index=False)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=8, choices=Security, default=Security.TLS)
    username = models.CharField(max_length=320)
    secret = models.TextField(help_text="The password, encrypted by services/secrets.py.")
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.ONCE)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    error = models.TextField(blank=True, help_text="What went wrong last, in plain words.")
    failures = models.SmallIntegerField(default=0, help_text="Runs in a row that ended badly.")
    next_at = models.DateTimeField(help_text="When a worker may take it up.")
    round_at = models.DateTimeField(help_text="When the present way through all folders began.")
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    last_run_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, help_text="When all folders were gone through last.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "externalaccount"
        indexes = [models.Index("next_at", condition=models.Q(state="active"), name="externalaccount_due")]
        constraints = [
            models.UniqueConstraint("account", "host", "port", "username", name="externalaccount_place"),
        ]

    def __str__(self) -> str:
        return f"{self.username} at {self.host}"


class ExternalFolder(models.Model):
    """A folder of an external account, and how far its import has come."""

    external = models.ForeignKey(ExternalAccount, models.CASCADE, related_name="folders", db_index=False)
    wire = models.CharField(max_length=1000, help_text="The name as the server lists it.")
    name = models.CharField(max_length=1000, help_text="The name as people read it, its levels separated by /.")
    use = models.CharField(max_length=16, blank=True, help_text="inbox, sent, trash, all …")
    mailbox = models.ForeignKey(Mailbox, models.SET_NULL, null=True, related_name="+", db_index=True)
    uidvalidity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0, help_text="Every message up to it is done.")
    renumbered = models.SmallIntegerField(default=0, help_text="How often UIDVALIDITY changed.")
    total = models.IntegerField(default=0)
    imported = models.IntegerField(default=0)
    known = models.IntegerField(default=0, help_text="Were here already.")
    failed = models.IntegerField(default=0)
    stuck_uid = models.BigIntegerField(default=0, help_text="The message at which the last run broke off.")
    stuck_times = models.SmallIntegerField(default=0)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, help_text="When it was gone through to its end.")
    compared_at = models.DateTimeField(null=True)
    checksum_there = models.CharField(max_length=64, blank=True)
    checksum_here = models.CharField(max_length=64, blank=True)
    gone = models.IntegerField(default=0, help_text="Imported, but in no folder here when it was compared.")

    class Meta:
        db_table = "externalfolder"
        constraints = [models.UniqueConstraint("external", "wire", name="externalfolder_wire")]

    def __str__(self) -> str:
        return self.name

    @property
    def handled(self) -> int:
        return self.imported + self.known + self.failed

    @property
    def agrees(self) -> bool:
        """Whether what lies here is, octet for octet, what was read there."""
        return bool(self.checksum_here) and self.checksum_here == self.checksum_there


class ExternalMessage(models.Model):
    """A message of an external folder that is done: what makes an import go on where it stopped, and double nothing.

    `fingerprint` stands for Message-ID, size and digest (mail/fingerprint.py). Rows of an earlier UIDVALIDITY stay.
    """

    class State(models.TextChoices):
        IMPORTED = "imported", "Imported"
        KNOWN = "known", "Was here already"
        FAILED = "failed", "Not imported"

    folder = models.ForeignKey(ExternalFolder, models.CASCADE, related_name="messages", db_index=False)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State)
    fingerprint = models.BinaryField(max_length=32, null=True)
    remote_id = models.CharField(max_length=255, blank=True, help_text="EMAILID or X-GM-MSGID: one in all folders.")
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "externalmessage"
        indexes = [
            models.Index("folder", "fingerprint", name="externalmessage_fingerprint"),
            models.Index("folder", "remote_id", condition=~models.Q(remote_id=""), name="externalmessage_remote"),
        ]
        constraints = [models.UniqueConstraint("folder", "uidvalidity", "uid", name="externalmessage_uid")]

    def __str__(self) -> str:
        return f"{self.folder_id}:{self.uidvalidity}:{self.uid}"
