"""The reports that others get from us."""

from __future__ import annotations

import email
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mailserver.mail import structure
from mailserver.mail.senderauth import dkim
from mailserver.mail.tlsrpt import letter
from mailserver.net.https_post import NotTaken
from mailserver.services import dkimkeys, tls_counts, tls_reports
from mailserver.services.domains import add_domain
from mailserver.store.models import QueueEntry, QueueRecipient, TlsReportSent
from tests.services.test_tls_counts import DONE, FAILED
from tests.support.dns import SERVFAIL, FakeEvidence

MAIL = "mailto:tls@example.org"
WEB = "https://example.org/tlsrpt"


def zone(rua: str, domain: str = "example.org") -> FakeEvidence:
    return FakeEvidence({f"_smtp._tls.{domain}": [("TXT", f"v=TLSRPTv1; rua={rua}")]})


@pytest.fixture
def clock(monkeypatch):
    """Counts of the 27th; then it is the 28th at noon, when every domain has had its turn."""
    now = datetime(2026, 11, 27, 15, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)

    def change(**more: int) -> None:
        nonlocal now
        now += timedelta(**more)

    return change


@pytest.fixture
def counted(domains, configure, clock):
    configure(hostname="mx.crepes.fr")
    dkimkeys.make("crepes.fr", kind="ed25519")
    tls_counts.note([DONE, DONE, FAILED])
    clock(hours=21)


def posted(*answers):
    """A post that gives these answers, a status or NotTaken; and what it was asked."""
    seen, left = [], list(answers)

    def post(url, content, kind):
        seen.append((url, kind, json.loads(gzip.decompress(content))))
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return post, seen


def states() -> list[tuple[str, str]]:
    return sorted(TlsReportSent.objects.values_list("uri", "state"))


def test_it_mails_one_signed_report_however_often_it_runs(counted):
    for _ in range(2):
        tls_reports.send_due(zone(MAIL))
    entry = QueueEntry.objects.get()
    assert (entry.sender, entry.account_id) == ("", None)
    recipient = QueueRecipient.objects.get()
    assert (recipient.address, recipient.domain, recipient.state) == ("tls@example.org", "example.org", "queued")
    raw = bytes(entry.prefix) + bytes(entry.blob.raw)
    assert entry.size == len(raw)
    records = {key.name: [key.text.encode()] for key in dkimkeys.published("crepes.fr")}
    assert [item.result for item in dkim.verify(dkim.signatures(raw), records, now=2_000_000_000)] == ["pass"]
    message = email.message_from_bytes(raw)
    assert message["TLS-Report-Submitter"] == "crepes.fr"
    found = letter.part(structure.scan(raw))
    assert found
    content = letter.read(raw, found)
    assert content.begin.isoformat() == "2026-11-27T00:00:00+00:00"
    assert content.end.isoformat() == "2026-11-27T23:59:59+00:00"
    assert [(policy.type, policy.successes, policy.failures) for policy in content.policies] == [("sts", 2, 1)]
    assert states() == [(MAIL, "sent")]


def test_it_posts_and_tries_again_for_a_day(counted, clock):
    post, seen = posted(NotTaken("503"), NotTaken("503"), 202)
    tls_reports.send_due(zone(f"{WEB},{MAIL}"), post)
    tls_reports.send_due(zone(WEB), post)
    assert (len(seen), states()) == (1, [(WEB, "waiting"), (MAIL, "sent")])
    clock(hours=2)
    tls_reports.send_due(zone(WEB), post)
    clock(hours=2)
    tls_reports.send_due(zone(WEB), post)
    tls_reports.send_due(zone(WEB), post)
    assert [(url, kind) for url, kind, _ in seen] == [(WEB, "application/tlsrpt+gzip")] * 3
    assert {content["report-id"] for _, _, content in seen} == {"2026-11-27.example.org@mx.crepes.fr"}
    assert states() == [(WEB, "sent"), (MAIL, "sent")]


def test_it_gives_up_after_a_day(counted, clock):
    post, seen = posted(NotTaken("no"), NotTaken("no"))
    tls_reports.send_due(zone(WEB), post)
    clock(hours=25)
    tls_reports.send_due(zone(WEB), post)
    tls_reports.send_due(zone(WEB), post)
    assert (len(seen), states()) == (2, [(WEB, "failed")])


def test_a_report_that_another_task_has_taken_up_is_left_to_it(counted):
    def post(url, content, kind):
        other, seen = posted(200)
        tls_reports.send_due(zone(WEB), other)
        assert seen == []
        return 200

    tls_reports.send_due(zone(WEB), post)
    assert states() == [(WEB, "sent")]


def test_a_task_that_dies_before_the_commit_leaves_the_report_to_the_next(counted, monkeypatch):
    send = tls_reports.own_letters.send
    with monkeypatch.context() as dying:
        dying.setattr(tls_reports.own_letters, "send", lambda *given, **named: send(*given, **named) and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tls_reports.send_due(zone(MAIL))
    assert (states(), QueueEntry.objects.count()) == ([], 0)
    tls_reports.send_due(zone(MAIL))
    assert (states(), QueueEntry.objects.count()) == ([(MAIL, "sent")], 1)


def test_it_waits_for_an_answer_of_the_dns(counted):
    tls_reports.send_due(FakeEvidence({"_smtp._tls.example.org": SERVFAIL}))
    assert states() == []
    tls_reports.send_due(zone(MAIL))
    assert states() == [(MAIL, "sent")]


def test_nobody_who_does_not_ask_gets_a_report(counted):
    nothing = FakeEvidence()
    tls_reports.send_due(nothing)
    tls_reports.send_due(zone(MAIL))
    assert (states(), QueueEntry.objects.count()) == ([("", "none")], 0)


def test_it_can_be_switched_off(counted, configure):
    configure(tls_reports=False)
    tls_reports.send_due(zone(MAIL))
    assert not QueueEntry.objects.exists()


def test_our_own_domains_need_none(counted, clock):
    add_domain("example.org", keys=False)
    tls_reports.send_due(zone(MAIL))
    assert not TlsReportSent.objects.exists()


def test_unsigned_reports_are_not_mailed(counted, configure):
    configure(hostname="mx.elsewhere.example")
    tls_reports.send_due(zone(MAIL))
    assert (states(), QueueEntry.objects.count()) == ([(MAIL, "failed")], 0)


def test_turns_are_spread_over_hours(counted, clock):
    day = datetime(2026, 11, 27, tzinfo=UTC).date()
    turns = {tls_reports._turn(day, f"{name}.example") for name in range(50)}
    assert len(turns) == 50
    first, last = min(turns), max(turns)
    assert datetime(2026, 11, 28, tzinfo=UTC) <= first < last < datetime(2026, 11, 28, 4, tzinfo=UTC)
    clock(hours=-12)  # midnight
    tls_reports.send_due(zone(MAIL))
    assert states() == []
    clock(hours=4)
    tls_reports.send_due(zone(MAIL))
    assert states() == [(MAIL, "sent")]


def test_what_was_sent_is_forgotten_after_a_month(counted, clock):
    tls_reports.send_due(zone(MAIL))
    assert tls_reports.forget(timezone.now()) == 0
    clock(days=1)
    assert tls_reports.forget(timezone.now()) == 1
