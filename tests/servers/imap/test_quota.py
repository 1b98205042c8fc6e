"""QUOTA (RFC 9208) in the form that clients of RFC 2087 read too."""

from __future__ import annotations

import pytest

from mailserver.store.models import Account
from tests.support.mail import message as letter


def test_without_a_bound(bob_in, bob):
    Account.objects.filter(pk=bob.pk).update(quota=0)
    assert bob_in.ok("GETQUOTAROOT INBOX") == [b"QUOTAROOT INBOX Account", b"QUOTA Account ()"]


def test_what_is_used_and_may_be(bob_in, bob):
    Account.objects.filter(pk=bob.pk).update(quota=10 * 1024 * 1024)
    bob_in.append("INBOX", letter(body=("x" * 70 + "\r\n") * 100))
    assert bob_in.ok("GETQUOTA Account") == [b"QUOTA Account (STORAGE 8 10240)"]
    assert bob_in.ok('GETQUOTAROOT "Sent"') == [b"QUOTAROOT Sent Account", b"QUOTA Account (STORAGE 8 10240)"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ('GETQUOTA ""', rb"NO \[NONEXISTENT\] .*"),
        ("GETQUOTAROOT Nowhere", rb"NO \[NONEXISTENT\] .*"),
        ("SETQUOTA Account (STORAGE 1)", rb"NO \[NOPERM\] .*"),
        ("SETQUOTA Account ()", rb"NO \[NOPERM\] .*"),
        ("GETQUOTA", rb"BAD .*"),
    ],
)
def test_what_is_refused(bob_in, command, answer):
    bob_in.refused(command, answer)


def test_no_room(bob_in, bob, watcher):
    small = letter()
    bob_in.append("INBOX", small)
    Account.objects.filter(pk=bob.pk).update(quota=2 * len(small) + 100)
    raw = letter(body="x" * 900)
    bob_in.refused(b"APPEND INBOX {%d+}\r\n%b" % (len(raw), raw), rb"NO \[OVERQUOTA\] .*")
    other = watcher()
    other.ok("COPY 1 Archive")
    other.refused("COPY 1 Archive", rb"NO \[OVERQUOTA\] .*")
    other.ok("MOVE 1 Trash")
