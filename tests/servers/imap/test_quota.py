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


def test_a_folder_need_not_be_there(bob_in, bob):
    """RFC 9208 §4.1.2: which root it would have."""
    Account.objects.filter(pk=bob.pk).update(quota=0)
    assert bob_in.ok("GETQUOTAROOT Nowhere") == [b"QUOTAROOT Nowhere Account", b"QUOTA Account ()"]
    assert bob_in.ok("GETQUOTAROOT inbox")[0] == b"QUOTAROOT INBOX Account"


def test_what_expunge_would_free(bob_in):
    """RFC 9208 §4.1.4: DELETED-STORAGE comes with QUOTA=RES-STORAGE."""
    raw = letter(body="x" * 900)
    bob_in.append("INBOX", raw, "\\Deleted")
    bob_in.append("INBOX", raw)
    assert bob_in.ok("STATUS INBOX (DELETED DELETED-STORAGE)") == [
        b"STATUS INBOX (DELETED 1 DELETED-STORAGE %d)" % len(raw)
    ]


def test_what_is_announced(bob_in):
    (words,) = bob_in.ok("CAPABILITY")
    assert {b"QUOTA", b"QUOTA=RES-STORAGE"} <= set(words.split())
    assert b"QUOTASET" not in words.split()


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ('GETQUOTA ""', rb"NO \[NONEXISTENT\] .*"),
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
