from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(address__iexact=username)


class Account(AbstractBaseUser, PermissionsMixin):
    """Somebody with a mailbox: Django's user model. The login is the primary e-mail address."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the device"
        LIGHT = "light", "Paper"
        DARK = "dark", "Ink"

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", "Comfortable"
        COMPACT = "compact", "Compact"

    address = models.EmailField("e-mail address", max_length=320)
    name = models.CharField("display name", max_length=200, blank=True)
    quota = models.BigIntegerField(help_text="Bytes of mail the account may keep; 0 means no bound.")
    language = models.CharField(max_length=16, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=16, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(max_length=16, choices=Density, default=Density.COMFORTABLE)
    last_uidvalidity = models.BigIntegerField(default=0, editable=False, help_text="The newest one of its folders.")
    freed_uidvalidity = models.BigIntegerField(
        default=0, editable=False, help_text="The largest one of a folder that lost its name."
    )
    pop3 = models.BooleanField("POP3", default=False, help_text="Mail programs may collect the Inbox by POP3.")
    undo_send = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Seconds for which what the page sends can be taken back; empty: as the server.",
    )
    hourly_limit = models.PositiveIntegerField(
        "recipients an hour",
        null=True,
        blank=True,
        help_text="Leave it empty for the server’s own limit; 0 means no bound.",
    )
    daily_limit = models.PositiveIntegerField(
        "recipients a day",
        null=True,
        blank=True,
        help_text="Leave it empty for the server’s own limit; 0 means no bound.",
    )
    hidden_capabilities = models.CharField(
        "IMAP extensions left out",
        max_length=300,
        blank=True,
        help_text="Names as in CAPABILITY, separated by blanks, that a mail program cannot cope with: COMPRESS NOTIFY.",
    )
    is_active = models.BooleanField("active", default=True)
    is_staff = models.BooleanField("administrator", default=False, help_text="May sign in to the dashboard.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "address"
    EMAIL_FIELD = "address"

    class Meta:
        db_table = "account"
        constraints = [models.UniqueConstraint(Lower("address"), name="account_address")]

    def __str__(self) -> str:
        return self.address

    @property
    def shown_name(self) -> str:
        return self.name or self.address
