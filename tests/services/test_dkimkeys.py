from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.mail.senderauth import dkim, dkimsign
from mailserver.services import dkimkeys, secrets, submission
from mailserver.services.domains import add_domain
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


def judged(outgoing: bytes, domain: str = "crepes.fr") -> list[tuple[str, str]]:
    """What our own verifier says of each signature."""
    records = {key.name: [key.text.encode()] for key in dkimkeys.published(domain)}
    return [(item.result, item.algorithm) for item in dkim.verify(dkim.signatures(outgoing), records, now=LATER)]


def test_it_signs_what_a_person_submits_with_both_kinds(alice):
    made = [dkimkeys.make("crepes.fr", kind=kind) for kind in ("ed25519", "rsa")]
    assert [key.state for key in made] == ["active", "active"]
    outgoing = submitted(alice)
    assert outgoing.startswith(b"Received: ")
    assert judged(outgoing) == [("pass", "rsa-sha256"), ("pass", "ed25519-sha256")]
    assert QueueEntry.objects.latest("id").size == len(outgoing)


def test_a_new_domain_has_keys_that_wait_for_their_records(db):
    domain = add_domain("Crêpes.example")
    waiting = dkimkeys.published(domain.name)
    assert [(key.kind, key.state, key.seen) for key in waiting] == [("rsa", "next", None), ("ed25519", "next", None)]
    assert dkimkeys.signature(b"From: a@xn--crpes-cva.example\r\n\r\n", "a@xn--crpes-cva.example") == b""
    assert dkimkeys.prepare(domain.name) == []
    assert not DkimKey.objects.filter(domain=add_domain("moved.example", hosted=False)).exists()


def test_private_keys_are_kept_encrypted_and_rotate_with_the_secrets(alice, settings):
    dkimkeys.make("crepes.fr", kind="ed25519")
    kept = DkimKey.objects.get()
    octets = base64.b64decode(secrets.decrypt(kept.secret))
    assert dkimsign.record(dkimsign.read_key(octets)) == kept.record
    new = Fernet.generate_key().decode()
    settings.CORREIO = replace(settings.CORREIO, encryption_keys=(new, *settings.CORREIO.encryption_keys))
    assert secrets.rotate() == (2, 0)  # the other is Alice's verifier for SCRAM
    settings.CORREIO = replace(settings.CORREIO, encryption_keys=(new,))
    assert judged(submitted(alice)) == [("pass", "ed25519-sha256")]


def test_mail_goes_out_unsigned_when_no_key_opens_the_secret(alice, settings, caplog):
    dkimkeys.make("crepes.fr", kind="ed25519")
    settings.CORREIO = replace(settings.CORREIO, encryption_keys=(Fernet.generate_key().decode(),))
    assert b"DKIM-Signature" not in submitted(alice)
    assert "cannot be read" in caplog.text


def test_reports_of_the_server_are_signed_by_the_domain_above_it(domains):
    dkimkeys.make("crepes.fr", kind="ed25519")
    report = dkimkeys.signed(b"From: MAILER-DAEMON@mx.crepes.fr\r\nSubject: Not delivered\r\n\r\n")
    assert judged(report) == [("pass", "ed25519-sha256")]
    foreign = b"From: MAILER-DAEMON@mx.example.org\r\n\r\n"
    assert dkimkeys.signed(foreign) == foreign


def test_it_signs_nothing_for_a_domain_without_a_key(alice):
    dkimkeys.make("hamburger.edu", kind="ed25519")
    assert b"DKIM-Signature" not in submitted(alice)
    for author in ("", "nobody", "x@not a domain", "x@[192.0.2.1]"):
        assert dkimkeys.signature(b"From: x\r\n\r\n", author) == b""


def test_it_signs_with_the_newest_key(alice):
    dkimkeys.make("crepes.fr", selector="one", kind="ed25519")
    dkimkeys.make("crepes.fr", selector="two", kind="ed25519")
    assert b"s=two;" in submitted(alice)
    old = DkimKey.objects.get(state="retired")
    assert (old.selector, old.secret, old.retired_at is None) == ("one", "", False)


def test_it_names_a_key_after_the_day(domains):
    names = [dkimkeys.make("Crepes.FR", kind=kind).name for kind in ("ed25519", "ed25519", "rsa")]
    assert [re.sub(r"\d{8}", "DAY", name.partition(".")[0]) for name in names] == ["cDAYe", "cDAYe2", "cDAYr"]


def test_it_refuses_foreign_domains_and_odd_or_used_selectors(domains):
    with pytest.raises(NotFound):
        dkimkeys.make("example.org", kind="ed25519")
    with pytest.raises(InvalidName):
        dkimkeys.make("crepes.fr", selector="a.b", kind="ed25519")
    dkimkeys.make("crepes.fr", selector="a", kind="ed25519")
    with pytest.raises(AlreadyExists):
        dkimkeys.make("crepes.fr", selector="a", kind="ed25519")
    assert DkimKey.objects.get().state == "active"


def test_it_prints_the_record_to_publish(domains):
    output = io.StringIO()
    call_command("make_dkim_key", "crepes.fr", selector="mail", stdout=output)
    line = output.getvalue().strip()
    assert line.startswith('mail._domainkey.crepes.fr. TXT "v=DKIM1; k=rsa; p=')
    assert all(len(string) <= 255 for string in re.findall(r'"([^"]*)"', line))
    with pytest.raises(CommandError):
        call_command("make_dkim_key", "example.org")
