"""Reports and receipts that arrive: joined to the message they name, and only when they may be believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from mailserver.mail import dsn, mdn
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.dsn import Failure
from mailserver.mail.senderauth.results import Dmarc, Spf, Verdict
from mailserver.net.mx import Hop
from mailserver.net.smtp_results import Report, Result
from mailserver.services import queue, queue_record, timeline, undelivered
from mailserver.services.inbound import Incoming, deliver
from mailserver.services.recipients import Local
from mailserver.store.models import Account, Event, QueueEntry, Suppression
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db

BOB = "bob@hamburger.edu"


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr")


@pytest.fixture
def entry(alice) -> QueueEntry:
    """Alice's message, which the server of hamburger.edu has taken."""
    made = queued(alice, BOB, sent_copy=True, to=f"Bob <{BOB}>")
    (held,) = queue.claim("hamburger.edu")
    hop, now = Hop("mx1.hamburger.edu", "198.51.100.25", 25, 10, "mx"), timezone.now()
    result = Result(BOB, "delivered", 250, "2.0.0", "Queued as 7F3A91", hop)
    queue_record.record(held, Report(hop, "", [result], [], now, now))
    return made


def arrive(account: Account, raw: bytes, sender: str = "") -> int:
    incoming = Incoming(raw=raw, sender=sender, recipients=(Local(account.pk, account.address),))
    return deliver(incoming).deliveries[0].message_id


def original(entry: QueueEntry) -> bytes:
    return bytes(entry.blob.raw)


def bounce(entry: QueueEntry, recipient: str = BOB, **changes) -> bytes:
    values = {"status": "5.2.2", "diagnostic": "smtp; 552 5.2.2 Mailbox full", "remote": "mail.hamburger.edu"}
    return dsn.build(
        original=original(entry),
        sender="alice@crepes.fr",
        failures=[Failure(recipient, **{**values, **changes})],
        reporting_mta="mx1.hamburger.edu",
        message_id=f"{timezone.now().timestamp()}@hamburger.edu",
        date=timezone.now(),
    )


def receipt(entry: QueueEntry, reader: str = BOB, **changes) -> bytes:
    return mdn.build(
        original=original(entry),
        reader=HeaderAddress("Bob", reader),
        to="alice@crepes.fr",
        date=timezone.now(),
        message_id=f"{timezone.now().timestamp()}@hamburger.edu",
        user_agent="mail.hamburger.edu; Correio",
        **changes,
    )


def noted(entry: QueueEntry) -> list[str]:
    events = Event.objects.filter(entry=entry, recipient=BOB).exclude(kind="delivered")
    return list(events.values_list("kind", flat=True))


def state(entry: QueueEntry) -> str:
    return timeline.path_of(entry.account_id, entry.sent_copy_id).ways[0].state


def test_it_notes_that_the_other_server_returned_the_message(alice, entry):
    assert state(entry) == "handed"
    report = arrive(alice, bounce(entry))
    event = Event.objects.get(entry=entry, kind="bounced")
    assert (event.kind, event.recipient, event.account_id) == ("bounced", BOB, alice.pk)
    assert event.detail["by"] == "mail.hamburger.edu"
    assert event.detail["report"] == report
    path = timeline.path_of(alice.pk, entry.sent_copy_id)
    (way,) = path.ways
    assert way.state == "returned"
    assert path.headline == "hamburger.edu took it first, but could not deliver it to bob@hamburger.edu."
    assert "The mailbox is full." in path.lead
    assert [step.state for step in way.steps] == ["done", "done", "done", "done", "halt", "todo"]


def test_it_notes_a_report_only_once(alice, entry):
    arrive(alice, bounce(entry))
    arrive(alice, bounce(entry))
    assert noted(entry) == ["bounced"]


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_it_takes_no_other_report_for_a_failure(alice, bob, entry, action):
    arrive(alice, bounce(entry, recipient="dora@hamburger.edu", action=action))
    arrive(bob, bounce(entry, action=action))
    assert noted(entry) == []
    for _ in range(2):
        arrive(alice, bounce(entry, action=action))
    assert noted(entry) == ["reported"]
    assert state(entry) == "handed"
    assert not Suppression.objects.exists()
    assert undelivered.of_messages(alice.pk, [entry.sent_copy_id]) == {}


def test_its_own_reports_are_no_news_of_the_other_server(alice, entry):
    news = bounce(entry, action="relayed")
    deliver(Incoming(raw=news, sender="", recipients=(Local(alice.pk, alice.address),), protocol="LOCAL"))
    assert noted(entry) == []


def test_it_does_not_believe_a_report_about_somebody_who_was_not_written_to(alice, entry):
    arrive(alice, bounce(entry, recipient="dora@hamburger.edu"))
    assert noted(entry) == []


def test_it_does_not_join_a_report_to_the_message_of_another_account(alice, bob, entry):
    arrive(bob, bounce(entry))
    assert noted(entry) == []


def test_it_does_not_note_a_report_about_what_never_left(alice, entry):
    entry.recipients.update(state="deferred")
    arrive(alice, bounce(entry))
    assert noted(entry) == []


def test_it_believes_a_receipt_that_names_the_message_and_comes_from_its_reader(alice, entry):
    arrive(alice, receipt(entry))
    assert noted(entry) == ["read"]
    assert state(entry) == "read"


@pytest.mark.parametrize(
    "changes", [{"reader": "charlie@hamburger.edu"}, {"disposition": "deleted"}, {"disposition": "processed"}]
)
def test_it_does_not_believe_other_receipts(alice, entry, changes):
    arrive(alice, receipt(entry, **changes))
    assert noted(entry) == []


def test_it_does_not_believe_a_receipt_for_a_message_nobody_sent(alice, entry):
    arrive(alice, receipt(entry).replace(entry.message_id.encode(), b"other@crepes.fr"))
    assert noted(entry) == []


def test_it_does_not_search_ordinary_mail_for_reports(alice, entry, monkeypatch):
    monkeypatch.setattr("mailserver.services.reports.dsn.parse", lambda _: 1 / 0)
    arrive(alice, b"Subject: Hi. This is the qmail-send program\r\n\r\nHi", sender="bob@hamburger.edu")


def test_it_reads_reports_that_come_with_a_sender(alice, entry):
    arrive(alice, receipt(entry), sender=BOB)
    assert noted(entry) == ["read"]


def test_it_files_a_report_whatever_is_in_it(alice, entry):
    raw = bounce(entry).replace(b"Mailbox full", b"full \x00\xff\xed\xa0\x80 \x1b[31m")
    assert arrive(alice, raw)
    assert noted(entry) == ["bounced"]


TEXT = (
    b"From: MAILER-DAEMON@hamburger.edu\r\n\r\nYour message could not be delivered to\r\n\r\n"
    b"<bob@hamburger.edu>:\r\n550 5.1.1 No\r\n"
)


def come(account: Account, raw: bytes, **how) -> None:
    deliver(Incoming(raw=raw, sender="", recipients=(Local(account.pk, account.address),), **how))


def vouched(domain: str) -> Verdict:
    return Verdict("203.0.113.9", Spf("pass", domain, "helo"), (), Dmarc("none"), "pass")


def test_it_joins_a_text_without_names_when_the_server_that_took_the_message_brings_it(alice, entry):
    come(alice, TEXT, peer="203.0.113.9")
    come(alice, TEXT + b"x", peer="203.0.113.9", verdict=vouched("evil.example"))
    assert noted(entry) == []
    come(alice, TEXT + b"y", peer="198.51.100.25")
    assert noted(entry) == ["bounced"]


def test_it_joins_it_as_well_when_spf_vouches_for_the_domain_of_the_recipient(alice, entry):
    come(alice, TEXT, peer="203.0.113.9", verdict=vouched("out.hamburger.edu"))
    assert noted(entry) == ["bounced"]


def test_it_never_joins_a_text_that_names_another_message(alice, entry):
    other = TEXT + b"\r\n--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <other@crepes.fr>\r\n"
    come(alice, other, peer="198.51.100.25")
    assert noted(entry) == []


def test_it_joins_a_report_by_the_envid_we_gave(alice, entry):
    QueueEntry.objects.filter(pk=entry.pk).update(envelope_id="E77")
    raw = bounce(entry).replace(entry.message_id.encode(), b"changed@hamburger.edu")
    arrive(alice, raw)
    assert noted(entry) == []
    arrive(alice, raw.replace(b"Reporting-MTA", b"Original-Envelope-Id: E77\r\nReporting-MTA"))
    assert noted(entry) == ["bounced"]


def test_the_sent_message_says_who_did_not_get_it(alice, bob, entry):
    assert undelivered.of_messages(alice.pk, [entry.sent_copy_id]) == {}
    arrive(alice, bounce(entry))
    ((told,),) = undelivered.of_messages(alice.pk, [entry.sent_copy_id]).values()
    assert (told.address, told.reason, told.by) == (BOB, "The mailbox is full.", "mail.hamburger.edu")
    assert undelivered.of_messages(bob.pk, [entry.sent_copy_id]) == {}
    thread = entry.sent_copy.thread_id
    assert undelivered.among(alice.pk, [entry.sent_copy_id]) == undelivered.lately(alice.pk) == {thread}


def test_a_returned_message_counts_towards_the_list_of_failing_addresses(alice, entry):
    arrive(alice, bounce(entry, status="5.1.1", diagnostic="smtp; 550 5.1.1 No such user"))
    (row,) = Suppression.objects.filter(account=alice)
    assert (row.address, row.failures, row.returned, row.since) == (BOB, 1, True, None)


def test_a_full_mailbox_does_not(alice, entry):
    arrive(alice, bounce(entry))
    assert not Suppression.objects.exists()
