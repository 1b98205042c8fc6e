"""The errors of the domain. They know no protocol: each edge maps them to its own replies.

CorreioError
├── ConfigurationError      a setting cannot be used
├── NotFound                no such mailbox, message, queue entry … (or not yours)
├── AlreadyExists           the name is taken
│   └── SpecialUseTaken     another folder is the account's Sent, Trash … already
├── HasChildren             there are folders below this one
├── TooManyKeywords         the account has as many keywords as it may
├── InvalidName             the name or address cannot be used
├── NotPermitted            the account may not do this
├── AuthenticationFailed    wrong address, password or token
├── TooManyAttempts         too many failed sign-ins of late
├── MaildropInUse           another POP3 session has the mailbox for itself
├── UnknownRecipient        no such address here
│   └── RecipientDisabled   the address or its account is switched off
├── DomainDisabled          the domain takes no mail for the moment
├── RelayDenied             not our domain and nobody logged in
├── OverQuota               the mailbox's owner has no room left
├── TooManyRecipients       above the cap of one message
├── SendingLimit            the account has sent as much as a day allows
│   └── HourlyLimit         … as an hour allows
├── MessageTooLarge         above the size limit
├── MessageRefused          the message itself cannot be taken (loop, lone CR or LF …)
├── SenderRefused         the domain of the author wants such mail to be refused
├── SpamRefused           the message looks too much like spam
├── Greylisted              a stranger who has to come again later
├── SecretUnreadable        no key of ours opens what was kept encrypted
└── Unavailable             the store cannot answer now; trying again later may work
    ├── StoreFull       there is no room on the disk
    └── SearchTooSlow   a search takes longer than it may; one with rarer words will do
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


class CorreioError(Exception):
    """Root of all domain errors; `str()` of it may be shown to the user."""


class ConfigurationError(CorreioError):
    pass


class NotFound(CorreioError):
    pass


class AlreadyExists(CorreioError):
    pass


class SpecialUseTaken(AlreadyExists):
    pass


class HasChildren(CorreioError):
    pass


class TooManyKeywords(CorreioError):
    pass


class InvalidName(CorreioError):
    pass


class NotPermitted(CorreioError):
    pass


class AuthenticationFailed(CorreioError):
    pass


class TooManyAttempts(CorreioError):
    pass


class MaildropInUse(CorreioError):
    pass


class UnknownRecipient(CorreioError):
    pass


class RecipientDisabled(UnknownRecipient):
    pass


class DomainDisabled(CorreioError):
    pass


class RelayDenied(CorreioError):
    pass


class OverQuota(CorreioError):
    pass


class TooManyRecipients(CorreioError):
    pass


class SendingLimit(CorreioError):
    pass


class HourlyLimit(SendingLimit):
    pass


class MessageTooLarge(CorreioError):
    pass


class MessageRefused(CorreioError):
    pass


class SenderRefused(CorreioError):
    """The owner of the author's domain wants such mail to be refused (DMARC)."""


class SpamRefused(CorreioError):
    pass


class Greylisted(CorreioError):
    pass


class TooLate(CorreioError):
    """What was to be stopped has happened."""


class SecretUnreadable(CorreioError):
    pass


class Unavailable(CorreioError):
    pass


class StoreFull(Unavailable):
    pass


class SearchTooSlow(Unavailable):
    pass


def entry_of(table: Mapping[type[CorreioError], Entry], error: Exception) -> Entry | None:
    """What the table of an edge has for an error: for its own class, else for the nearest one above it."""
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)
