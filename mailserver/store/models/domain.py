from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from mailserver.store.models.account import Account

_MTA_STS_HELP = (
    "Asks other servers to encrypt mail to the domain and to check our certificate. Begin with testing. To end it, "
    "withdraw it for two weeks first."
)


class Domain(models.Model):
    """A mail domain. Hosted ones have their mailboxes here."""

    class Transport(models.TextChoices):
        LOCAL = "local", "Filed here at once"
        SMTP = "smtp", "Sent by SMTP to its next hop"

    class MtaSts(models.TextChoices):
        """Our word to other servers about TLS (RFC 8461 §3.2)."""

        OFF = "", "Off: there is no policy"
        TESTING = "testing", "Testing: others report failures, and deliver"
        ENFORCE = "enforce", "Enforce: others deliver with a trusted certificate only"
        NONE = "none", "Withdrawn: others forget the policy there was"

    name = models.CharField(max_length=255, unique=True, help_text="ASCII (A-label), lower case.")
    unicode_name = models.CharField(max_length=255, blank=True, editable=False)
    hosted = models.BooleanField(default=True, help_text="Our MX takes mail for it.")
    enabled = models.BooleanField(
        "takes mail", default=True, help_text="Off: other servers are told to try again later, so nothing is lost."
    )
    # Outgoing mail to a hosted domain normally stays inside; `smtp` makes it cross the queue and a
    # connection like mail to any other server (used by the demo and while a domain is moving).
    transport = models.CharField(max_length=8, choices=Transport, default=Transport.LOCAL)
    catch_all = models.ForeignKey(
        Account,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Takes mail to addresses nobody has.",
    )
    mta_sts = models.CharField(
        "MTA-STS", max_length=8, choices=MtaSts, blank=True, default=MtaSts.OFF, help_text=_MTA_STS_HELP
    )
    # "" stands for the postmaster of the domain, who is always there.
    tls_reports_to = models.CharField(
        "TLS reports to",
        max_length=320,
        blank=True,
        help_text="Other servers tell this address how encryption with us went. Empty: the postmaster of the domain.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "domain"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.unicode_name or self.name


class Address(models.Model):
    """An address that delivers into an account, or a group, which has no account: its forwards are the members.

    `+detail` after the local part needs no row of its own.
    """

    class Kind(models.TextChoices):
        PRIMARY = "primary", "Primary"
        ALIAS = "alias", "Alias"
        MASKED = "masked", "Masked"
        GROUP = "group", "Group"

    domain = models.ForeignKey(Domain, models.CASCADE, related_name="addresses")
    local_part = models.CharField(max_length=64)
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="addresses")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.ALIAS)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "address"
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint("domain", Lower("local_part"), name="address_unique"),
            models.UniqueConstraint("account", condition=models.Q(kind="primary"), name="address_one_primary"),
            models.CheckConstraint(
                condition=models.Q(kind="group", account__isnull=True)
                | (~models.Q(kind="group") & models.Q(account__isnull=False)),
                name="address_group_or_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain.name}"


class Group(Address):
    """The addresses that are groups, for the dashboard."""

    class Meta:
        proxy = True
