"""What a killed worker had noted is recorded by the next one."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.net.mx import Hop
from mailserver.net.smtp_results import Line, Protection, Report, Result
from mailserver.services import delivery, delivery_notes, queue, queue_record
from mailserver.services.delivery_note import decoded, encoded
from mailserver.services.delivery_notes import Notes, recover
from mailserver.services.queue import Claim
from mailserver.store.models import Event, QueueEntry, QueueRecipient
from tests.support.queueing import only, queued

DOMAIN = "hamburger.edu"
HOP = Hop("mx1.hamburger.edu", "192.0.2.1", 25, 10, "mx")
TLS = "TLSv1.3 TLS_AES_256_GCM_SHA384"


@pytest.fixture(autouse=True)
def _own_folder(configure, tmp_path):
    configure(data_dir=tmp_path)


def claimed(alice, *names: str) -> tuple[QueueEntry, Claim]:
    entry = queued(alice, *(f"{name}@{DOMAIN}" for name in names or ("bob",)))
    (claim,) = queue.claim(DOMAIN)
    return entry, claim


def report(claim: Claim, *outcomes: str) -> Report:
    now = timezone.now()
    results = [
        Result(each.address, outcome or "delivered", 250 if not outcome else 550, "2.0.0", "Ok", HOP, TLS)  # type: ignore[arg-type]
        for each, outcome in zip(claim.recipients, outcomes or ("",) * len(claim.recipients), strict=True)
    ]
    lines = [Line(0.0, "note", f"Calling {HOP}"), Line(0.2, "server", "250 2.0.0 Gut, dañke ✓")]
    return Report(HOP, TLS, results, lines, now, now + timedelta(seconds=1), True, Protection("sts", True, "as told"))


def killed(notes: Notes) -> None:
    """What the system does when a process ends: its files are closed, and so no longer locked."""
    notes._page.close()


def files() -> list[int]:
    """How many lines are in each."""
    found = [path.read_bytes() for path in sorted(delivery_notes.folder().glob("*"))]
    return [octets[: octets.index(0)].count(b"\n") for octets in found]


def test_a_line_says_all_that_is_recorded():
    claim = Claim(7, DOMAIN, queue.uuid.uuid4(), (queue.Claimed(1, f"bob@{DOMAIN}", 2), queue.Claimed(2, "x@y", 0)))
    before = report(claim, "", "bounced")
    assert decoded(encoded(claim, before)) == (claim, before)


@pytest.mark.django_db
def test_what_a_killed_worker_had_noted_is_recorded(alice):
    entry, claim = claimed(alice)
    notes = Notes()
    notes.add(claim, report(claim))
    killed(notes)
    assert recover() == 1
    row = only(entry)
    assert (row.state, row.attempts, row.remote_host) == ("delivered", 1, HOP.host)
    attempt = entry.attempts.get()
    assert (attempt.tls_policy, attempt.transcript[1]) == ("sts", [0.2, "server", "250 2.0.0 Gut, dañke ✓"])
    assert Event.objects.filter(entry_id=entry.pk, kind="delivered").count() == 1
    assert files() == []
    assert recover() == 0


@pytest.mark.django_db
def test_refused_recipients_are_told_of_as_always(alice):
    entry, claim = claimed(alice, "bob", "nobody")
    notes = Notes()
    notes.add(claim, report(claim, "", "bounced"))
    killed(notes)
    recover()
    assert dict(entry.recipients.values_list("address", "state")) == {
        f"bob@{DOMAIN}": "delivered",
        f"nobody@{DOMAIN}": "bounced",
    }
    assert Event.objects.filter(entry_id=entry.pk, kind="bounced").get().detail["report"]


@pytest.mark.django_db
def test_notes_of_a_process_that_lives_are_its_own(alice):
    entry, claim = claimed(alice)
    notes = Notes()
    notes.add(claim, report(claim))
    assert recover() == 0
    assert only(entry).state == "delivering"
    notes.settle(claim)
    assert files() == [0]
    killed(notes)
    assert recover() == 0
    assert files() == []


@pytest.mark.django_db
def test_what_is_recorded_already_is_not_recorded_again(alice):
    entry, claim = claimed(alice)
    notes, said = Notes(), report(claim)
    notes.add(claim, said)
    queue_record.record(claim, said)
    killed(notes)
    assert recover() == 0
    assert entry.attempts.count() == 1


@pytest.mark.django_db
def test_a_message_that_was_due_again_is_not_any_more(alice):
    entry, claim = claimed(alice)
    notes = Notes()
    notes.add(claim, report(claim))
    queue.retake(timezone.now() + 2 * queue.LEASE)
    killed(notes)
    assert recover() == 1
    assert only(entry).state == "delivered"
    assert queue.claim(DOMAIN) == []


@pytest.mark.django_db
def test_who_is_at_it_again_keeps_it_and_the_path_tells_of_both(alice):
    entry, claim = claimed(alice)
    notes = Notes()
    notes.add(claim, report(claim))
    queue.retake(timezone.now() + 2 * queue.LEASE)
    QueueRecipient.objects.update(next_attempt_at=timezone.now())
    (again,) = queue.claim(DOMAIN)
    killed(notes)
    assert recover() == 1
    assert only(entry).state == "delivering"
    queue_record.record(again, report(again))
    assert only(entry).state == "delivered"
    assert entry.attempts.count() == 3  # the note, the loss, and what came after it


@pytest.mark.django_db
def test_a_note_of_an_older_database_is_of_no_message_of_this_one(alice):
    entry, claim = claimed(alice)
    notes, said = Notes(), report(claim)
    notes.add(claim, said)
    queue.hand_back([claim])
    QueueEntry.objects.update(created_at=said.started + timedelta(seconds=1))
    killed(notes)
    assert recover() == 0
    assert (only(entry).state, entry.attempts.count(), files()) == ("queued", 0, [])


@pytest.mark.django_db
def test_a_line_that_was_not_finished_is_no_note(alice):
    """Older lines that stood in its place are none either."""
    (_, first), (entry, second) = claimed(alice), claimed(alice)
    notes = Notes()
    notes.add(first, report(first))
    notes.settle(first)

    class Killed(bytearray):
        def __setitem__(self, where, octets):
            if not isinstance(where, slice):
                raise SystemExit
            page.octets[where] = octets

    page = notes._page
    unfinished = type(page)(page.path, page.file, Killed())
    with pytest.raises(SystemExit):
        unfinished.add(encoded(second, report(second)))
    killed(notes)
    assert recover() == 0
    assert only(entry).state == "delivering"
    assert files() == []


@pytest.mark.django_db
def test_files_do_not_grow_for_ever(alice, monkeypatch):
    (_, first), (_, second) = claimed(alice), claimed(alice)
    monkeypatch.setattr(delivery_notes, "SIZE", len(encoded(first, report(first))) + 100)
    notes = Notes()
    notes.add(first, report(first))
    notes.add(second, report(second))
    assert len(files()) == 2
    notes.settle(first)
    assert len(files()) == 1
    notes.settle(second)
    assert files() == [0]


@pytest.mark.django_db
def test_what_cannot_be_recorded_is_left_to_whoever_looks_next(alice):
    entry, claim = claimed(alice)
    notes = Notes()
    notes.add(claim, report(claim))
    notes.leave(claim)
    assert recover() == 1
    assert only(entry).state == "delivered"


@pytest.mark.django_db(transaction=True)
def test_a_delivery_notes_and_forgets(remote, alice, monkeypatch):
    noted = []
    monkeypatch.setattr(Notes, "add", lambda self, claim, said: noted.append(said))
    remote()
    entry = queued(alice, f"bob@{DOMAIN}")
    delivery.deliver_domain(DOMAIN)
    assert [said.results[0].outcome for said in noted] == ["delivered"]
    before = [line.text for line in noted[0].lines]
    whole = [text for _, _, text in entry.attempts.get().transcript]
    assert before == whole[: len(before)]
    assert whole[len(before)] == "QUIT"


@pytest.mark.django_db(transaction=True)
def test_mail_goes_out_without_a_place_for_notes(remote, alice, configure, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(delivery, "_office", delivery.Office())
    (tmp_path / "file").touch()
    configure(data_dir=tmp_path / "file")
    remote()
    entry = queued(alice, f"bob@{DOMAIN}")
    with caplog.at_level(logging.WARNING, logger="mailserver.services.delivery_notes"):
        delivery.deliver_domain(DOMAIN)
    assert only(entry).state == "delivered"
    assert "would go twice" in caplog.text
