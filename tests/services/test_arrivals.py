"""Each message of a group gets its own answer; one at fault harms no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import OperationalError
from psycopg import errors

from mailserver.errors import OverQuota, SenderRefused
from mailserver.mail.senderauth.results import Dkim, Dmarc, Spf, Verdict
from mailserver.services import arrivals, inbound
from mailserver.services.inbound import Incoming, Stored
from mailserver.services.recipients import Local
from mailserver.store.models import MailboxMessage
from tests.support.mail import message

REFUSED = Verdict(
    "198.51.100.25", Spf("fail", "hamburger.edu"), (Dkim("none"),), Dmarc("fail", "hamburger.edu"), "fail", "reject"
)


def to(account, **parts: str) -> Incoming:
    people = (Local(account.pk, account.address),)
    return Incoming(raw=message(**parts), sender="bob@hamburger.edu", recipients=people)


def uids(account) -> list[int]:
    return list(MailboxMessage.objects.filter(account=account).order_by("uid").values_list("uid", flat=True))


@pytest.mark.parametrize("place", range(5))
def test_a_poisoned_message_harms_no_other(alice, place):
    batch = [to(alice) for _ in range(5)]
    # NUL is in no text of PostgreSQL.
    batch[place] = replace(batch[place], helo="mail\0server")
    answers = arrivals.deliver(batch)
    assert [isinstance(answer, Stored) for answer in answers] == [number != place for number in range(5)]
    assert uids(alice) == [1, 2, 3, 4]


def test_only_the_owner_of_a_full_mailbox_goes_without(alice, charlie):
    alice.quota = 10
    alice.save()
    first, second, third = arrivals.deliver([to(charlie), to(alice), to(charlie)])
    assert isinstance(second, OverQuota)
    assert (first.deliveries[0].uid, third.deliveries[0].uid) == (1, 2)
    assert uids(alice) == []


def test_two_that_fit_only_alone_are_not_both_taken(alice):
    alice.quota = 1500
    alice.save()
    body = "x" * 500 + "\r\n"
    first, second = arrivals.deliver([to(alice, body=body), to(alice, body=body)])
    assert isinstance(first, Stored)
    assert isinstance(second, OverQuota)


def test_what_dmarc_refuses_is_not_in_the_group(alice):
    answers = arrivals.deliver([replace(to(alice), verdict=REFUSED), to(alice)])
    assert isinstance(answers[0], SenderRefused)
    assert isinstance(answers[1], Stored)
    assert arrivals.deliver([replace(to(alice), verdict=REFUSED)])[0].args == answers[0].args


def test_a_full_disk_is_not_tried_again_for_each_message(alice, monkeypatch):
    tried = []

    def full(batch, **_):
        tried.append(len(batch))
        raise OperationalError("could not extend file") from errors.DiskFull()

    monkeypatch.setattr(inbound, "deliver_all", full)
    with pytest.raises(OperationalError):
        arrivals.deliver([to(alice) for _ in range(8)])
    assert tried == [8]


def test_a_fault_of_the_group_alone_costs_nobody_anything(alice, monkeypatch):
    real = inbound.deliver_all

    def deadlock(batch, **options):
        if len(batch) > 2:
            raise OperationalError("deadlock detected") from errors.DeadlockDetected()
        return real(batch, **options)

    monkeypatch.setattr(inbound, "deliver_all", deadlock)
    answers = arrivals.deliver([to(alice) for _ in range(7)])
    assert all(isinstance(answer, Stored) for answer in answers)
    assert uids(alice) == list(range(1, 8))
