"""Every message of the corpora is taken, and stored as it was sent."""

from __future__ import annotations

import re

import pytest

from mailserver.services import messages
from mailserver.store.models import Message
from tests.support import corpora


def on_the_wire(raw: bytes) -> bytes:
    """With CRLF line ends, the last one included: all that SMTP can carry."""
    text = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


@corpora.needed
@pytest.mark.parametrize("corpus", corpora.MESSAGE_CORPORA)
def test_it_stores_every_message_byte_by_byte(hello, bob, corpus):
    for name, raw in corpora.messages(corpus):
        sent = on_the_wire(raw)
        hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
        hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
        hello.ask("DATA", "354 .*")
        hello.push(re.sub(rb"(?m)^\.", b"..", sent) + b".\r\n")
        reference = hello.expect(r"250 2\.0\.0 Stored as .*").split()[-1]
        message = Message.objects.get(events__reference=reference)
        prefix = bytes(message.prefix)
        assert messages.raw(message) == prefix + sent, name
        assert prefix.startswith(b"Return-Path: <alice@crepes.fr>\r\nDelivered-To: bob@hamburger.edu\r\nReceived: ")
