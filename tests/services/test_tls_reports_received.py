"""What others report about us, as it arrives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.senderauth.results import Dkim, Dmarc, Spf, Verdict
from mailserver.mail.tlsrpt import letter
from mailserver.mail.tlsrpt.report import Failure, Policy, Report
from mailserver.services import inbound, mta_sts, tls_reports_received
from mailserver.services.inbound import Incoming
from mailserver.services.recipients import Local
from mailserver.store.models import MailboxMessage, TlsReportReceived

DAY = datetime(2026, 11, 27, tzinfo=UTC)
FAILED = (Failure("certificate-expired", 3, "mx.crepes.fr"), Failure("starttls-not-supported", 1))
POLICY = Policy("sts", "crepes.fr", 97, 4, details=FAILED)
REPORT = Report("Example", "tls@example.org", "one", DAY, DAY + timedelta(hours=23), (POLICY,))


def verdict(signer: str = "mail.example.org", author: str = "example.org", result: str = "pass") -> Verdict:
    signatures = (Dkim(result, signer),)
    return Verdict("192.0.2.1", Spf("pass", author), signatures, Dmarc("pass", author), "pass")


@pytest.fixture
def arrive(alice):
    """A report in Alice's mail; how many policies are kept then."""

    def deliver(report: Report = REPORT, *, raw: bytes = b"", to: str = "postmaster@crepes.fr", checks=None) -> int:
        sender, about = HeaderAddress("", "tls@example.org"), {"domain": "crepes.fr", "submitter": "example.org"}
        raw = raw or letter.write(report, sender=sender, to=to, date=DAY, **about)
        checks = verdict() if checks is None else checks
        before = MailboxMessage.objects.count()
        inbound.deliver(Incoming(raw, "tls@example.org", (Local(alice.pk, to),), verdict=checks or None))
        assert MailboxMessage.objects.count() - before in (0, 1)
        return TlsReportReceived.objects.count()

    return deliver


def test_a_report_is_kept_and_filed_like_all_mail(arrive, alice):
    assert arrive() == 1
    assert MailboxMessage.objects.filter(account=alice).count() == 1
    row = TlsReportReceived.objects.get()
    assert (row.domain, row.day, row.submitter) == ("crepes.fr", DAY.date(), "mail.example.org")
    assert (row.organization, row.policy_type, row.successes, row.failures) == ("Example", "sts", 97, 4)
    assert [(one["type"], one["sessions"]) for one in row.details] == [
        ("certificate-expired", 3),
        ("starttls-not-supported", 1),
    ]


def test_the_same_report_counts_once(arrive):
    assert arrive() == 1
    assert arrive(replace(REPORT, contact="again")) == 1
    assert arrive(replace(REPORT, report_id="two")) == 2


@pytest.mark.parametrize(
    "checks",
    [verdict(signer="evil.example"), verdict(result="fail"), verdict(author=""), False],
    ids=["another signer", "a broken signature", "no author", "not checked"],
)
def test_only_what_the_author_signed_counts(arrive, checks):
    assert arrive(checks=checks) == 0


def test_it_must_come_to_the_address_that_was_published(arrive, domains):
    mta_sts.change(domain_id=domains["crepes.fr"].pk, mode="", reports_to="TLS@crepes.fr")
    assert arrive() == 0
    assert arrive(replace(REPORT, report_id="two"), to="tls@crepes.fr") == 1


def test_other_domains_in_it_do_not_count(arrive):
    policies = (replace(POLICY, domain="example.net"), POLICY, replace(POLICY, domain="hamburger.edu"))
    assert arrive(replace(REPORT, policies=policies)) == 1


@pytest.mark.parametrize("body", [b"", b"x" * 1000, b"\x1f\x8b\x08" + b"\x00" * 50], ids=["empty", "text", "broken"])
def test_what_cannot_be_read_is_filed_all_the_same(arrive, alice, body):
    head = b"From: tls@example.org\r\nContent-Type: application/tlsrpt+gzip\r\n\r\n"
    assert arrive(raw=head + body) == 0
    assert MailboxMessage.objects.filter(account=alice).count() == 1


def test_one_sender_cannot_fill_the_table(arrive, monkeypatch):
    monkeypatch.setattr(tls_reports_received, "MOST_A_DAY", 2)
    assert [arrive(replace(REPORT, report_id=str(number))) for number in range(4)] == [1, 2, 2, 2]


def test_days_are_told_by_domain_the_newest_first(arrive, monkeypatch):
    arrive()
    later = timedelta(days=1)
    arrive(replace(REPORT, begin=DAY + later, end=DAY + later, report_id="b"))
    arrive(replace(REPORT, organization="Other", report_id="c", policies=(replace(POLICY, failures=0, details=()),)))
    found, following = tls_reports_received.seen()
    assert following is None
    assert [(one.day.day, one.organizations, one.successes, one.failures) for one in found] == [
        (28, ("Example",), 97, 4),
        (27, ("Example", "Other"), 194, 4),
    ]
    assert found[1].types == (("certificate-expired", 3), ("starttls-not-supported", 1))
    monkeypatch.setattr(tls_reports_received, "PAGE_DAYS", 1)
    found, following = tls_reports_received.seen()
    assert ([one.day.day for one in found], following) == ([28], date(2026, 11, 28))
    assert [one.day.day for one in tls_reports_received.seen(before=following)[0]] == [27]


def test_they_are_forgotten_after_a_year(arrive):
    arrive()
    assert tls_reports_received.forget(datetime(2026, 11, 27, 12, tzinfo=UTC)) == 0
    assert tls_reports_received.forget(datetime(2026, 11, 28, 12, tzinfo=UTC)) == 1
