"""What becomes of mail whose sender was checked, and what the reader is told."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from mailserver.errors import SenderRefused
from mailserver.mail.senderauth import authresults, words
from mailserver.mail.senderauth.dmarc import organisational
from mailserver.mail.senderauth.words import Told
from mailserver.mail.spam.evidence import Checks
from mailserver.mail.spam.judgement import Reason
from mailserver.net.internet import is_public
from mailserver.services.inbound import Incoming
from mailserver.store.models import Message

# Why mail is spam whatever else speaks for it.
ASKED = Reason("dmarc_policy", 0.0, "The domain it names as its author’s asks to treat such mail as spam (DMARC).")


def checked(incoming: Incoming) -> Incoming:
    """Mail of another server as it is to be filed: as spam where DMARC or the settings want that.

    Fields that claim to be results of our own checks are taken out (RFC 8601 §5). Raises SenderRefused when the
    author's domain wants the message refused.
    """
    config, asked = settings.CORREIO, incoming.verdict.disposition if incoming.verdict else "none"
    if asked == "reject" and config.dmarc_reject == "refuse":
        raise SenderRefused("The domain in From asks to refuse mail that it did not send.")
    raw, junk = authresults.without_ours(incoming.raw, config.hostname), asked != "none"
    # A copy costs as much as many a check, and hardly any message needs one.
    unchanged = raw is incoming.raw and junk == incoming.junk
    return incoming if unchanged else replace(incoming, raw=raw, junk=junk)


def checks(incoming: Incoming) -> Checks:
    """The verdict in plain words. What was not checked is proven when it comes from our own networks."""
    verdict = incoming.verdict
    if verdict is None:
        return Checks(proven=not incoming.peer or not is_public(incoming.peer))
    author = verdict.dmarc.domain
    signers = {item.domain for item in verdict.dkim if item.result == "pass"}
    proofs = signers | ({verdict.spf.domain} if verdict.spf.result == "pass" else set())
    return Checks(
        spf=verdict.spf.result,
        dkim="pass" if signers else verdict.dkim[0].result if verdict.dkim else "none",
        dmarc=verdict.dmarc.result,
        iprev=verdict.iprev,
        author=author,
        proven=verdict.dmarc.result == "pass" or any(_same_owner(author, proof) for proof in proofs),
    )


def _same_owner(author: str, proof: str) -> bool:
    return bool(author and proof) and organisational(author) == organisational(proof)


def told(message: Message) -> Told | None:
    """How the sender was checked; None when it was not. Read from our own trace, which nobody else can write."""
    results = authresults.in_trace(bytes(message.prefix)) if message.prefix else None
    return words.told(results) if results else None
