from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.mail.senderauth import dkim
from mailserver.services import dkimkeys, submission
from mailserver.services.submission import SubmittedRecipient
from mailserver.store.models import DkimKey, QueueEntry
from tests.support.mail import message

LATER = 4_000_000_000


def submitted(account, sender: str = "Alice <alice@crepes.fr>") -> bytes:
    """What leaves for the next server."""
    submission.submit(
        account_id=account.pk,
        sender=account.address,
        recipients=[SubmittedRecipient("dora@example.org")],
        raw=message(sender=sender),
    )
    entry = QueueEntry.objects.latest("id")
    return bytes(entry.prefix) + bytes(entry.blob.raw)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_it_signs_what_a_person_submits(alice, kind):
    made = dkimkeys.make("crepes.fr", selector="mail", kind=kind)
    assert made.name == "mail._domainkey.crepes.fr"
    outgoing = submitted(alice)
    assert outgoing.startswith(b"Received: ")
    found = dkim.verify(dkim.signatures(outgoing), {made.name: [made.text.encode()]}, now=LATER)
    assert [(item.result, item.domain) for item in found] == [("pass", "crepes.fr")]
    assert QueueEntry.objects.latest("id").size == len(outgoing)


def test_it_signs_nothing_for_a_domain_without_a_key(alice):
    dkimkeys.make("hamburger.edu", kind="ed25519")
    assert b"DKIM-Signature" not in submitted(alice)
    for author in ("", "nobody", "x@not a domain", "x@[192.0.2.1]"):
        assert dkimkeys.signature(b"From: x\r\n\r\n", author) == b""


def test_it_signs_with_the_newest_key(alice):
    dkimkeys.make("crepes.fr", selector="one", kind="ed25519")
    dkimkeys.make("crepes.fr", selector="two", kind="ed25519")
    assert b"s=two;" in submitted(alice)
    assert DkimKey.objects.filter(retired_at=None).count() == 1


def test_it_names_a_key_after_the_day(domains):
    assert re.fullmatch(r"c\d{8}\._domainkey\.crepes\.fr", dkimkeys.make("Crepes.FR", kind="ed25519").name)


def test_it_refuses_foreign_domains_and_odd_or_used_selectors(domains):
    with pytest.raises(NotFound):
        dkimkeys.make("example.org", kind="ed25519")
    with pytest.raises(InvalidName):
        dkimkeys.make("crepes.fr", selector="a.b", kind="ed25519")
    dkimkeys.make("crepes.fr", selector="a", kind="ed25519")
    with pytest.raises(AlreadyExists):
        dkimkeys.make("crepes.fr", selector="a", kind="ed25519")
    assert DkimKey.objects.get().retired_at is None


def test_it_prints_the_record_to_publish(domains):
    output = io.StringIO()
    call_command("make_dkim_key", "crepes.fr", selector="mail", stdout=output)
    line = output.getvalue().strip()
    assert line.startswith('mail._domainkey.crepes.fr. TXT "v=DKIM1; k=rsa; p=')
    assert all(len(string) <= 255 for string in re.findall(r'"([^"]*)"', line))
    with pytest.raises(CommandError):
        call_command("make_dkim_key", "example.org")
