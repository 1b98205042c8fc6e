"""What other servers report of mail they took, short of a failure: samples of theirs, and what the path says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from mailserver.mail import dsn
from mailserver.mail.dsn import Failure
from mailserver.net.mx import Hop
from mailserver.net.smtp_results import Report, Result
from mailserver.services import path_words as words
from mailserver.services import queue, queue_record, timeline
from mailserver.services.inbound import Incoming, deliver
from mailserver.services.path import Path as Trip
from mailserver.services.recipients import Local
from mailserver.store.models import Event, QueueEntry, QueueRecipient
from tests.support import corpora
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db

BOB = "bob@hamburger.edu"
SAMPLES = Path(__file__).parent.parent / "data" / "bounces"


@pytest.fixture
def entry(alice, settings) -> QueueEntry:
    """Alice's message, which the server of hamburger.edu has taken."""
    settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr")
    made = queued(alice, BOB, sent_copy=True, to=f"Bob <{BOB}>")
    (held,) = queue.claim("hamburger.edu")
    hop, now = Hop("mx1.hamburger.edu", "198.51.100.25", 25, 10, "mx"), timezone.now()
    queue_record.record(
        held, Report(hop, "", [Result(BOB, "delivered", 250, "2.0.0", "Queued as 7F3A91", hop)], [], now, now)
    )
    return made


def arrive(entry: QueueEntry, raw: bytes, **how) -> None:
    account = entry.account
    deliver(Incoming(raw=raw, sender="", recipients=(Local(account.pk, account.address),), **how))


def path(entry: QueueEntry) -> Trip:
    return timeline.path_of(entry.account_id, entry.sent_copy_id)


def news(entry: QueueEntry, action: str, **changes) -> bytes:
    return dsn.build(
        original=bytes(entry.blob.raw),
        sender="alice@crepes.fr",
        failures=[Failure(BOB, action=action, **{"status": "2.0.0", **changes})],
        reporting_mta="mx1.hamburger.edu",
        message_id=f"{timezone.now().timestamp()}@hamburger.edu",
        date=timezone.now(),
    )


@pytest.mark.parametrize(
    ("name", "headline", "title", "said", "by"),
    [
        (
            "postfix-delivered",
            "hamburger.edu reports that it is in the mailbox of Bob.",
            "Bob’s server put it in the mailbox",
            ": delivered to the mailbox of bob@hamburger.edu.",
            "mx.hamburger.edu",
        ),
        (
            "sendmail-expanded",
            "hamburger.edu reports that it went to the people behind bob@hamburger.edu.",
            "Bob’s server gave it to a list",
            ": delivered to the people behind bob@hamburger.edu.",
            "mx.hamburger.edu",
        ),
        (
            "exchange-relayed",
            "hamburger.edu has passed it on for Bob.",
            "Bob’s server passed it on",
            ": passed on to a server that sends no such reports.",
            "EX1.hamburger.edu",
        ),
        (
            "postfix-delay",
            "hamburger.edu has it, but has not delivered it to Bob yet.",
            "Bob’s server is still trying",
            ": not delivered yet, it is still trying",
            "relay.hamburger.edu",
        ),
    ],
    ids=["delivered", "expanded", "relayed", "delayed"],
)
def test_the_word_of_the_other_server_stands_in_the_path(entry, name, headline, title, said, by):
    arrive(entry, (SAMPLES / f"{name}.eml").read_bytes().replace(b"sent-1@crepes.fr", entry.message_id.encode()))
    found = path(entry)
    assert found.headline == headline
    step = found.ways[0].steps[4]
    assert step.title == title
    assert step.sentence.startswith("Bob’s server reported at ")
    assert said in step.sentence
    assert found.lead.startswith(step.sentence)
    assert [fact.text for fact in step.facts] == ["Queued as 7F3A91", f"Report of {by}"]
    assert (step.state, found.ways[0].state) == ("slow" if name == "postfix-delay" else "done", "handed")


@pytest.mark.parametrize(("days", "shown"), [(3, True), (-1, False), (3000, False)])
def test_a_delay_says_until_when_and_why(entry, days, shown):
    until = timezone.now() + timedelta(days=days)
    arrive(entry, news(entry, "delayed", status="4.2.2", diagnostic="smtp; 452 4.2.2 Full", retry_until=until))
    sentence = path(entry).ways[0].steps[4].sentence
    assert (f"still trying until {words.day(until)}" in sentence) is shown
    assert sentence.endswith("The mailbox is full.")


def test_the_latest_word_counts_and_an_arrival_outweighs_a_delay(entry):
    states = []
    for action in ("relayed", "delayed", "delivered", "delayed"):
        arrive(entry, news(entry, action))
        states.append(path(entry).ways[0].steps[4].mark)
    assert states == ["passed on", "still trying", "delivered", "delivered"]
    arrive(entry, news(entry, "failed", status="5.2.2"))
    assert path(entry).ways[0].state == "returned"


@pytest.mark.parametrize(("action", "title"), [("delivered", "Bob’s server put"), ("delayed", "Handed over to")])
def test_a_receipt_says_more_than_a_report(entry, action, title):
    arrive(entry, news(entry, action))
    Event.objects.create(
        kind=Event.Kind.READ, at=timezone.now(), account=entry.account, entry=entry, recipient=BOB, detail={}
    )
    found = path(entry)
    assert found.headline.startswith("Bob read it at ")
    assert found.ways[0].steps[4].title.startswith(title)
    assert [step.state for step in found.ways[0].steps[4:]] == ["done", "done"]


def test_a_text_without_names_is_believed_from_the_server_that_took_it(entry):
    text = (SAMPLES / "exim-warning.eml").read_bytes()
    arrive(entry, text, peer="203.0.113.9")
    assert not Event.objects.filter(kind="reported").exists()
    arrive(entry, text + b"\nx\n", peer="198.51.100.25")
    assert Event.objects.get(kind="reported").detail["action"] == "delayed"


def test_hostile_words_are_kept_as_far_as_they_can_be(entry):
    raw = news(entry, "delayed", diagnostic="smtp; 452 full", remote="mx.hamburger.edu")
    raw = raw.replace(b"dns; mx.hamburger.edu", b"dns; mx\x00\xff\xed\xa0\x80{0}{who.__class__}")
    arrive(entry, raw.replace(b"452 full", b"452 \x00\xff{address}"))
    assert Event.objects.get(kind="reported").detail["by"]
    assert "{who.__class__}" in path(entry).ways[0].steps[4].facts[-1].text


@corpora.needed
def test_it_joins_a_warning_seen_in_the_wild(entry):
    raw = (corpora.FOLDER / "mikel-mail/multipart_report_emails/report_422.eml").read_bytes()
    report = dsn.parse(raw)
    QueueEntry.objects.filter(pk=entry.pk).update(message_id=report.original_message_id)
    QueueRecipient.objects.filter(entry=entry).update(address=report.failures[0].recipient)
    arrive(entry, raw)
    step = path(entry).ways[0].steps[4]
    assert (step.state, step.mark) == ("slow", "still trying")
    assert step.sentence.endswith("The mailbox is full.")
