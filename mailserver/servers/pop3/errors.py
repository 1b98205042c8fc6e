"""Domain errors as POP3 replies. An exception's class or text never reaches the client."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from mailserver import errors
from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.replies import Reply

logger = logging.getLogger(__name__)

TABLE: Mapping[type[errors.CorreioError], Reply] = {
    errors.AuthenticationFailed: replies.AUTH_FAILED,
    errors.NotPermitted: replies.SWITCHED_OFF,
    errors.TooManyAttempts: replies.THROTTLED,
    errors.MaildropInUse: replies.IN_USE,
    errors.NotFound: replies.MESSAGE_GONE,
    errors.Unavailable: replies.TRY_LATER,
}


def reply_to(error: Exception) -> Reply:
    """The reply for an error; what nobody foresaw is logged and answered [SYS/PERM], and the session goes on."""
    reply = errors.entry_of(TABLE, error)
    if reply is None:
        logger.error("a command failed", exc_info=error)
    return reply or replies.FAULT
