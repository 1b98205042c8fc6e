"""The door for our own people's programs (ports 587 and 465): after signing in, mail to anybody (RFC 6409)."""

from __future__ import annotations

import logging

from mailserver.mail import replies
from mailserver.mail.addresses import Address
from mailserver.mail.replies import Reply
from mailserver.servers import bridge
from mailserver.servers.smtp.session import Client, Transaction
from mailserver.services import login, recipients, submission
from mailserver.services.submission import SubmittedRecipient

logger = logging.getLogger(__name__)


class SubmissionDoor:
    name = "submission"
    signs_in = True

    def __init__(self, max_recipients: int = submission.MAX_RECIPIENTS) -> None:
        self.max_recipients = max_recipients

    async def sender(self, client: Client, transaction: Transaction) -> Reply:
        """The null sender is allowed: read receipts have it (RFC 8098 §3)."""
        assert client.login is not None
        # A session lasts for hours; whoever lost their password and has a new one wants the thief to be out.
        if not await bridge.run(login.is_current, login=client.login):
            return replies.SIGNED_OUT
        if transaction.sender is None:
            return replies.SENDER_OK
        allowed = await bridge.run(
            submission.may_send_as, account_id=client.login.account_id, address=transaction.sender
        )
        return replies.SENDER_OK if allowed else replies.SENDER_NOT_YOURS

    async def recipient(self, client: Client, transaction: Transaction, address: Address) -> Reply:
        """An unknown name of our own domains is told now, while the writer is still there."""
        await bridge.run(recipients.lookup, address=address)
        return replies.RECIPIENT_OK

    async def message(self, client: Client, transaction: Transaction, content: bytes) -> Reply:
        signed_in = client.login
        assert signed_in is not None
        submitted = await bridge.run(
            submission.submit,
            account_id=signed_in.account_id,
            sender=transaction.return_path,
            recipients=[
                SubmittedRecipient(str(address), wishes.notify, wishes.original)
                for address, wishes in zip(transaction.recipients, transaction.recipient_wishes, strict=True)
            ],
            raw=content,
            eight_bit=transaction.eight_bit,
            smtputf8=transaction.smtputf8,
            require_tls=transaction.require_tls,
            peer=client.peer,
            helo=client.helo,
            tls=client.tls,
            protocol=client.protocol(transaction.smtputf8),
            draft=signed_in.draft,
            composed_at=signed_in.composed_at,
            release_at=transaction.release,
            envelope_id=transaction.wishes.envelope_id,
            full_return=transaction.wishes.full_return,
        )
        logger.info(
            "submission %s: queued %s of account %d, %d octets for %d recipients",
            client.peer,
            submitted.reference,
            signed_in.account_id,
            len(content),
            len(transaction.recipients),
        )
        return replies.message_taken(submitted.reference)
