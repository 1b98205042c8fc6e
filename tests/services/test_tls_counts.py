from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mailserver.mail.tlsrpt.report import Failure, Policy
from mailserver.net.smtp_results import Report, Result
from mailserver.net.tls_findings import TlsFinding
from mailserver.services import queue, queue_record, tls_counts
from mailserver.store.models import TlsCount
from tests.support.queueing import queued

STS = ("version: STSv1", "mode: enforce", "mx: mx.example.org")
FAILED = TlsFinding(
    "sts",
    "example.org",
    STS,
    ("mx.example.org",),
    "certificate-expired",
    "mx.example.org",
    "192.0.2.1",
    "198.51.100.1",
    "it ended yesterday",
)
DONE = replace(FAILED, result_type="", reason="")
PLAIN = TlsFinding("no-policy-found", "example.org", (), (), "", "mx.example.org", "192.0.2.1", "", "")


def today():
    return timezone.now().astimezone(UTC).date()


@pytest.mark.django_db
def test_it_counts_in_one_statement_and_adds_to_what_is_there(django_assert_num_queries):
    # Whatever server took it: a success is one of its policy.
    findings = [DONE, replace(DONE, receiving_ip="192.0.2.2"), FAILED, replace(PLAIN, policy_domain="a.example")]
    with django_assert_num_queries(1):
        tls_counts.note(findings)
    with django_assert_num_queries(0):
        tls_counts.note([])
    tls_counts.note([FAILED, FAILED, DONE, PLAIN])
    failure = Failure("certificate-expired", 3, "mx.example.org", "192.0.2.1", "198.51.100.1", "it ended yesterday")
    assert tls_counts.policies(today(), "example.org") == (
        Policy("no-policy-found", "example.org", 1, 0),
        Policy("sts", "example.org", 3, 3, STS, ("mx.example.org",), (failure,)),
    )
    assert tls_counts.domains(today()) == ["a.example", "example.org"]
    assert tls_counts.domains(today() - timedelta(days=1)) == []


@pytest.mark.django_db
def test_it_keeps_what_others_write_within_its_columns():
    tls_counts.note([replace(FAILED, receiving_mx="m" * 300, reason="\x00é" * 600, policy_strings=('a"b\\', ""))])
    row = TlsCount.objects.get()
    assert (row.receiving_mx, len(row.reason), row.policy_strings) == ("m" * 255, 500, ['a"b\\', ""])


@pytest.mark.django_db
def test_it_forgets_old_days():
    tls_counts.note([DONE])
    assert tls_counts.forget(timezone.now()) == 0
    assert tls_counts.forget(timezone.now() + timedelta(days=1)) == 1


def test_what_a_try_found_is_counted_behind_the_commit(alice, django_capture_on_commit_callbacks):
    queued(alice, "dora@example.org")
    (claim,) = queue.claim("example.org")
    now = datetime.now(UTC)
    result = Result("dora@example.org", "delivered", 250, "", "ok")
    with django_capture_on_commit_callbacks(execute=True):
        queue_record.record(claim, Report(None, "", [result], [], now, now, findings=(DONE,)))
        assert not TlsCount.objects.exists()
    assert TlsCount.objects.get().sessions == 1
