"""Sending through the real submission port: our SMTP server, real TLS, real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailserver.practice.certificates import self_signed
from mailserver.services import messages
from mailserver.store import blobs
from mailserver.store.models import Account, Event, Mailbox, MailboxMessage, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag
from tests.support.listeners import Ports, in_the_tests_transaction, listening
from tests.support.mail import delivered
from tests.webmail.writing import drafts_of, entries, fields, signed_in
from webmail import sending

HTMX = {"hx-request": "true"}


@pytest.fixture
def ports(tmp_path, settings, bob) -> Iterator[Ports]:
    with in_the_tests_transaction(), listening(tmp_path, size_limit=40_000) as found:
        settings.CORREIO = replace(
            settings.CORREIO,
            submission_port=found.submission,
            tls_cert=tmp_path / "server.pem",
            hostname="mx.crepes.fr",
        )
        yield found


def send(browser, **changes):
    return browser.post("/compose/send/", fields(**changes))


def refused(answer) -> str:
    assert answer.status_code == 422
    return answer.content.decode()


def test_it_sends_and_keeps_the_copy_in_sent(alice, ports):
    file = SimpleUploadedFile("menü.txt", b"cider", content_type="text/plain")
    answer = send(signed_in(alice), bcc="secret@serralves.pt", uploads=file)
    assert answer.headers["Location"] == "/"
    assert drafts_of(alice) == []
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert copy.flags == Flag.SEEN
    assert copy.message.recipients["bcc"] == [["", "secret@serralves.pt"]]
    assert copy.message.attachments[0][0] == "menü.txt"
    entry = QueueEntry.objects.get()
    assert (entry.sent_copy_id, entry.sender) == (copy.message_id, "alice@crepes.fr")
    assert set(QueueRecipient.objects.values_list("address", flat=True)) == {"bob@hamburger.edu", "secret@serralves.pt"}
    out = blobs.read(entry.blob_id)
    assert b"secret" not in out
    assert b"X-Correio-Draft" not in out


def test_it_says_where_to_see_it_and_its_path(alice, ports):
    page = signed_in(alice).post("/compose/send/", fields(), headers=HTMX).content.decode()
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert f'href="/message/{copy.message_id}/path/"' in page
    assert f'href="/mail/{copy.mailbox_id}/{copy.thread_id}/"' in page


def test_it_writes_down_who_sent_what_how(alice, ports):
    send(signed_in(alice))
    submitted = Event.objects.get(kind=Event.Kind.SUBMITTED)
    assert submitted.detail["tls"].startswith("TLSv1.")
    assert Event.objects.filter(kind=Event.Kind.COMPOSED).exists()


def test_it_marks_what_was_answered(alice, ports):
    place = delivered(alice)
    send(signed_in(alice), source=f"reply {place.message_id}", quoted="1", subject="Re: Crêpe night")
    entry = MailboxMessage.objects.get(mailbox_id=place.mailbox_id, uid=place.uid)
    assert entry.flags & Flag.ANSWERED
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert copy.thread_id == entry.thread_id


def test_it_sends_as_an_address_beyond_ascii(alice, ports):
    assert send(signed_in(alice), to="日本@serralves.pt").headers["Location"] == "/"
    assert QueueEntry.objects.get().smtputf8


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": ""}, "Write at least one address."),
        ({"to": "bob, tomas@serralves"}, "bob, tomas@serralves are not complete addresses."),
        ({"subject": ""}, "The subject is empty."),
        ({"text": "The list is attached."}, "You wrote “attached”, but nothing is attached."),
    ],
)
def test_it_asks_before_it_sends(alice, changes, words):
    assert words in refused(send(signed_in(alice), **changes))
    assert len(drafts_of(alice)) == 1
    assert not QueueEntry.objects.exists()


def test_it_sends_anyway_when_told_to(alice, ports):
    assert send(signed_in(alice), text="The list is attached.", confirmed="1").headers["Location"] == "/"


def test_it_says_who_cannot_get_it_and_sends_to_nobody(alice, ports):
    page = refused(send(signed_in(alice), to="bob@hamburger.edu, bobb@hamburger.edu"))
    assert "The message cannot go to bobb@hamburger.edu." in page
    assert "The mailbox does not exist." in page
    assert "550 5.1.1" in page
    assert len(drafts_of(alice)) == 1
    assert not QueueEntry.objects.exists()


def test_it_keeps_a_message_that_is_too_big_for_the_server(alice, ports):
    file = SimpleUploadedFile("big.bin", b"\x80" * 40_000)
    page = refused(send(signed_in(alice), uploads=file))
    assert "552 5.3.4" in page
    (draft,) = drafts_of(alice)
    assert draft.message.attachments[0][0] == "big.bin"


def test_it_keeps_the_draft_when_the_server_is_away(alice, settings, unused_port):
    settings.CORREIO = replace(settings.CORREIO, submission_port=unused_port)
    page = refused(send(signed_in(alice)))
    assert "The mail server does not answer." in page
    assert len(drafts_of(alice)) == 1


def test_it_keeps_the_draft_when_the_token_is_not_good(alice, ports, monkeypatch):
    monkeypatch.setattr(sending.login, "issue_token", lambda **_: "not-a-token")
    page = refused(send(signed_in(alice)))
    assert "The mail server does not let you in." in page
    assert len(drafts_of(alice)) == 1


def test_it_keeps_the_draft_at_the_limit_of_a_day(alice, ports):
    Account.objects.filter(pk=alice.pk).update(daily_limit=1)
    assert send(signed_in(alice)).status_code == 302
    page = refused(send(signed_in(alice)))
    assert "451" in page
    assert len(drafts_of(alice)) == 1


def test_it_trusts_nobody_but_our_own_server(alice, ports, settings, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(self_signed("other.example"))
    settings.CORREIO = replace(settings.CORREIO, tls_cert=other)
    page = refused(send(signed_in(alice)))
    assert "The mail server does not answer." in page
    assert "certificate verify failed" in page


def test_it_does_not_send_a_draft_twice(alice, ports):
    browser = signed_in(alice)
    number = browser.post("/compose/save/", fields(), headers={"accept": "application/json"}).json()["draft"]
    assert send(browser, draft=number).status_code == 302
    assert "sent or deleted" in refused(send(browser, draft=number))
    assert QueueEntry.objects.count() == 1
    assert messages.get(alice.pk, number).subject == "Crêpe night"
