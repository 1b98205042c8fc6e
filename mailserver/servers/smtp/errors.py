"""Domain errors as SMTP replies. An exception's class or text never reaches the client."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from mailserver import errors
from mailserver.mail import replies
from mailserver.mail.replies import Reply

logger = logging.getLogger(__name__)

TABLE: Mapping[type[errors.CorreioError], Reply] = {
    errors.UnknownRecipient: replies.UNKNOWN_RECIPIENT,
    errors.RecipientDisabled: replies.RECIPIENT_DISABLED,
    errors.DomainDisabled: replies.DOMAIN_DISABLED,
    errors.RelayDenied: replies.RELAY_DENIED,
    errors.OverQuota: replies.MAILBOX_FULL,
    errors.TooManyRecipients: replies.TOO_MANY_RECIPIENTS,
    errors.MessageTooLarge: replies.MESSAGE_TOO_LARGE,
    errors.MessageRefused: replies.MESSAGE_REFUSED,
    errors.SenderRefused: replies.SENDER_REFUSED,
    errors.SpamRefused: replies.SPAM_REFUSED,
    errors.NotPermitted: replies.FROM_NOT_YOURS,
    errors.InvalidName: replies.MESSAGE_REFUSED,
    errors.NotFound: replies.DRAFT_GONE,
    errors.HourlyLimit: replies.HOURLY_LIMIT,
    errors.SendingLimit: replies.SENDING_LIMIT,
    errors.AuthenticationFailed: replies.AUTH_FAILED,
    errors.TooManyAttempts: replies.AUTH_THROTTLED,
    errors.Greylisted: replies.GREYLISTED,
    errors.StoreFull: replies.SYSTEM_FULL,
    errors.Unavailable: replies.TRY_LATER,
}


def reply_to(error: Exception) -> Reply:
    """The reply for an error; what nobody foresaw is logged and answered `451 4.3.0`, to be tried again."""
    reply = errors.entry_of(TABLE, error)
    if reply is None:
        logger.error("a command failed", exc_info=error)
    return reply or replies.TRY_LATER
