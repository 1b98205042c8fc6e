"""Domain errors as tagged responses. An exception's class or text never reaches the client, unless it is meant to."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from mailserver import errors
from mailserver.servers.imap.responses import Refusal

logger = logging.getLogger(__name__)

# Response code (RFC 5530) and text; None: the text of the error, which is for people.
TABLE: Mapping[type[errors.CorreioError], tuple[str, str | None]] = {
    errors.NotFound: ("NONEXISTENT", None),
    errors.AlreadyExists: ("ALREADYEXISTS", None),
    errors.HasChildren: ("HASCHILDREN", None),
    errors.SpecialUseTaken: ("USEATTR", None),
    errors.TooManyKeywords: ("LIMIT", None),
    errors.InvalidName: ("CANNOT", None),
    errors.NotPermitted: ("CANNOT", None),
    errors.AuthenticationFailed: ("AUTHENTICATIONFAILED", "Address or password is wrong."),
    errors.TooManyAttempts: ("UNAVAILABLE", None),
    errors.OverQuota: ("OVERQUOTA", None),
    errors.MessageTooLarge: ("TOOBIG", None),
    errors.MessageRefused: ("CANNOT", None),
    errors.SearchTooSlow: ("LIMIT", None),
    errors.StoreFull: ("UNAVAILABLE", "There is no room on the server for the moment."),
    errors.Unavailable: ("UNAVAILABLE", "The mailboxes are away for the moment. Try again."),
}


def answer_to(error: Exception) -> Refusal:
    """The response to an error; what nobody foresaw is logged and answered `NO [SERVERBUG]`."""
    if found := errors.entry_of(TABLE, error):
        code, text = found
        return Refusal(text or str(error), code)
    logger.error("a command failed", exc_info=error)
    return Refusal("This went wrong here. It has been noted.", "SERVERBUG")
