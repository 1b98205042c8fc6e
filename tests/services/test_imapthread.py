from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailserver.errors import NotFound
from mailserver.services import imapthread, messages
from tests.support.mail import message

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def inbox(alice):
    return alice.mailboxes.get(special_use="inbox")


@pytest.fixture
def put(alice, inbox):
    def append(name, *, subject="", extra="", hours=0, **parts):
        raw = message(message_id=name, subject=subject or name, extra=extra, **parts)
        at = START + timedelta(hours=hours)
        return messages.append(account_id=alice.pk, mailbox_id=inbox.pk, raw=raw, at=at).uid

    return append


def test_it_follows_the_references(alice, inbox, put):
    one, two = put("a@x"), put("b@x", reply_to="a@x")
    three = put("c@x", extra="References: <a@x> <gone@x>\r\nIn-Reply-To: <a@x>\r\n")
    four = put("d@x", extra="In-Reply-To: <b@x>\r\n")
    uids = [one, two, three, four, 99]
    assert imapthread.threads(alice.pk, inbox.pk, uids, "REFERENCES") == ((one, (two, four), (three,)),)
    assert imapthread.threads(alice.pk, inbox.pk, [two, four], "REFERENCES") == ((two, four),)


def test_references_come_before_in_reply_to(alice, inbox, put):
    """RFC 5256 §3: In-Reply-To counts only without References, wherever it points."""
    one, two = put("a@x"), put("b@x")
    cut = put("c@x", extra="References: <a@x>\r\nIn-Reply-To: <b@x>\r\n")
    whole = put("d@x", extra="References: <b@x> <c@x>\r\n")
    both = put("e@x", extra="References: <b@x> <d@x>\r\nIn-Reply-To: <d@x>\r\n")
    empty = put("f@x", extra="References: \r\nIn-Reply-To: <b@x> <a@x>\r\n")
    found = imapthread.threads(alice.pk, inbox.pk, [one, two, cut, whole, both, empty], "REFERENCES")
    assert found == ((one, cut, whole, both), (two, empty))


def test_words_are_no_ids(alice, inbox, put):
    uids = [put(f"{name}@x", extra="In-Reply-To: Your message of Friday\r\n") for name in "ab"]
    assert imapthread.threads(alice.pk, inbox.pk, uids, "REFERENCES") == ((uids[0],), (uids[1],))


def test_quotes_of_an_id_do_not_count(alice, inbox, put):
    one = put('"01KF8JCEOCBS0045PS"@x')
    two = put("b@x", extra="References: <01KF8JCEOCBS0045PS@x>\r\n")
    three = put("c@x", extra='References: <"b"@x>\r\n')
    assert imapthread.threads(alice.pk, inbox.pk, [one, two, three], "REFERENCES") == ((one, two, three),)


def test_it_follows_only_the_last_of_too_many(alice, inbox, put, monkeypatch):
    monkeypatch.setattr(imapthread, "_MOST", 0)
    one = put("a@x")
    two = put("b@x", extra="References: <a@x> <1@x> <2@x> <3@x> <4@x> <5@x>\r\n")
    three = put("c@x", extra="References: <6@x> <7@x> <8@x> <9@x> <a@x>\r\n")
    assert imapthread.threads(alice.pk, inbox.pk, [one, two, three], "REFERENCES") == ((one, three), (two,))


def test_a_message_without_a_date_counts_from_when_it_came(alice, inbox, put):
    late, early = put("a@x"), put("b@x")
    undated = messages.append(
        account_id=alice.pk, mailbox_id=inbox.pk, raw=b"Subject: x\r\n\r\nHi\r\n", at=START - timedelta(days=1)
    ).uid
    found = imapthread.threads(alice.pk, inbox.pk, [late, early, undated], "REFERENCES")
    assert found == ((undated,), (late,), (early,))


def test_it_knows_the_other_algorithms(alice, inbox, put):
    one, two = put("a@x", subject="Menu", hours=3), put("b@x", subject="Re: Menu", hours=1)
    assert imapthread.threads(alice.pk, inbox.pk, [one, two], "REFERENCES") == ((one, two),)
    assert imapthread.threads(alice.pk, inbox.pk, [one, two], "REFS") == ((two,), (one,))
    assert imapthread.threads(alice.pk, inbox.pk, [one, two], "ORDEREDSUBJECT") == ((one, two),)


def test_another_persons_folder_is_not_there(bob, inbox):
    with pytest.raises(NotFound):
        imapthread.threads(bob.pk, inbox.pk, [1], "REFS")
