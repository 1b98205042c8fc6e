from __future__ import annotations

from django.db import models

from mailserver.store.models.account import Account
from mailserver.store.models.message import Message


class SpamLesson(models.Model):
    """What a message is to teach its account about spam, and what it has taught. A worker makes the two equal."""

    class Kind(models.IntegerChoices):
        NOTHING = 0, "nothing"
        SPAM = 1, "called spam"
        HAM = 2, "said to be no spam"
        KEPT = 3, "read and kept"

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="spam_lesson")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    wanted = models.SmallIntegerField(choices=Kind)
    learned = models.SmallIntegerField(choices=Kind, default=Kind.NOTHING)

    class Meta:
        db_table = "spamlesson"
        indexes = [
            models.Index("account", "message", name="spamlesson_due", condition=~models.Q(wanted=models.F("learned"))),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.Kind(self.wanted).label}"


class SpamTotal(models.Model):
    """How many messages of each kind an account has learned from. Its row is the lock of the account's lessons."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    spam = models.IntegerField(default=0)
    ham = models.IntegerField(default=0)

    class Meta:
        db_table = "spamtotal"

    def __str__(self) -> str:
        return f"{self.account_id}: {self.spam} spam, {self.ham} ham"


class SpamWord(models.Model):
    """In how many learned messages of each kind a word was. Words are numbers (mail/spam/tokens.py)."""

    pk = models.CompositePrimaryKey("account_id", "token")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    token = models.BigIntegerField()
    spam = models.IntegerField(default=0)
    ham = models.IntegerField(default=0)
    seen_on = models.DateField()

    class Meta:
        db_table = "spamword"

    def __str__(self) -> str:
        return f"{self.token}: {self.spam} spam, {self.ham} ham"


class Acquaintance(models.Model):
    """An account's history with an address, or with a domain as `@hamburger.edu`. `ham` counts deliveries kept."""

    pk = models.CompositePrimaryKey("account_id", "sender")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    sender = models.TextField(help_text="In lower case.")
    spam = models.IntegerField(default=0)
    ham = models.IntegerField(default=0)
    written = models.BooleanField(default=False, help_text="The account has written to it.")
    seen_on = models.DateField()

    class Meta:
        db_table = "acquaintance"
        indexes = [models.Index("seen_on", name="acquaintance_seen_on", condition=models.Q(written=False))]

    def __str__(self) -> str:
        return self.sender
