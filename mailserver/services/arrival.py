"""A message on its way into the mailboxes of its recipients: its trace, and what became of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from mailserver.mail import trace
from mailserver.mail.message import Parsed
from mailserver.mail.senderauth import authresults
from mailserver.services.duplicates import Copy
from mailserver.services.filing import Filed
from mailserver.services.recipients import Local
from mailserver.services.references import new_reference
from mailserver.store.models import Blob

if TYPE_CHECKING:
    from mailserver.services.inbound import Incoming


class Arrival:
    """A message to be filed in one transaction with others."""

    def __init__(self, incoming: Incoming, parsed: Parsed, blob: Blob) -> None:
        self.incoming, self.parsed, self.blob = incoming, parsed, blob
        self.reference, self.at = new_reference(), incoming.at or timezone.now()
        self.people: dict[int, Local] = {}
        for recipient in incoming.recipients:
            self.people.setdefault(recipient.account_id, recipient)
        self._copies: dict[int, Copy] = {}
        # By account: the trace of a copy to file, where it went, and the copy that was there before.
        self.prefixes: dict[int, bytes] = {}
        self.filed: dict[int, Filed] = {}
        self.known: dict[int, int] = {}

    def copy(self, account_id: int) -> Copy:
        """Asked for several times on the way."""
        copy = self._copies.get(account_id)
        if copy is None:
            copy = Copy(account_id, self.parsed.message_id, self.blob.size, bytes(self.blob.digest))
            self._copies[account_id] = copy
        return copy

    def prefix(self, recipient: Local) -> bytes:
        """The trace headers in front of the recipient's copy."""
        incoming, here = self.incoming, settings.CORREIO.hostname
        received = trace.received(
            helo=incoming.helo,
            peer=incoming.peer,
            by=here,
            protocol=incoming.protocol,
            tls=incoming.tls,
            reference=self.reference,
            recipient=recipient.address,
            at=self.at,
        )
        # Text typed without any header needs the empty line that ends ours (RFC 5322 §2.1).
        gap = b"" if self.parsed.header_length else b"\r\n"
        return b"".join(
            [
                trace.return_path(incoming.sender),
                trace.delivered_to(recipient.address),
                received,
                self._results,
                gap,
            ]
        )

    @cached_property
    def _results(self) -> bytes:
        verdict = self.incoming.verdict
        return authresults.write(verdict, settings.CORREIO.hostname) if verdict else b""

    @property
    def messages(self) -> dict[int, int]:
        """Account → message id."""
        return self.known | {account_id: place.message_id for account_id, place in self.filed.items()}

    def detail(self, account_id: int) -> dict[str, Any]:
        """How it came, as JSON values for the timeline of an account."""
        judgement = self.incoming.judgements.get(account_id)
        return self._came | {"judgement": judgement.to_json() if judgement else None}

    @cached_property
    def _came(self) -> dict[str, Any]:
        incoming = self.incoming
        return {
            "sender": incoming.sender,
            "peer": incoming.peer,
            "helo": incoming.helo,
            "tls": incoming.tls,
            "protocol": incoming.protocol,
            "size": len(incoming.raw),
            "checks": incoming.verdict.summary() if incoming.verdict else None,
        }
