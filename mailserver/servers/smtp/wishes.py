"""RET, ENVID, NOTIFY and ORCPT in MAIL and RCPT (RFC 3461)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mailserver.mail import dsnwishes, replies
from mailserver.mail.dsnwishes import BadWish, EnvelopeWishes, RecipientWishes
from mailserver.mail.replies import Reply
from mailserver.servers.smtp.refusal import Refusal

Parameters = dict[str, str | None]


def of_envelope(parameters: Parameters) -> EnvelopeWishes:
    """Take RET and ENVID out of the parameters of MAIL. Raises Refusal."""
    full, envelope_id = None, ""
    if "RET" in parameters:
        with _or(replies.RET_SYNTAX):
            full = dsnwishes.ret(parameters.pop("RET"))
    if "ENVID" in parameters:
        with _or(replies.ENVID_SYNTAX):
            envelope_id = dsnwishes.envelope_id(parameters.pop("ENVID"))
    return EnvelopeWishes(envelope_id, full)


def of_recipient(parameters: Parameters, *, utf8: bool) -> RecipientWishes:
    """Take NOTIFY and ORCPT out of the parameters of RCPT. Raises Refusal."""
    notify = original = ""
    if "NOTIFY" in parameters:
        with _or(replies.NOTIFY_SYNTAX):
            notify = dsnwishes.notify(parameters.pop("NOTIFY"))
    if "ORCPT" in parameters:
        with _or(replies.ORCPT_SYNTAX):
            original = dsnwishes.original_recipient(parameters.pop("ORCPT"), utf8=utf8)
    return RecipientWishes(notify, original)


@contextmanager
def _or(reply: Reply) -> Iterator[None]:
    try:
        yield
    except BadWish:
        raise Refusal(reply) from None
