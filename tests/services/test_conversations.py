from __future__ import annotations

from mailserver.services import conversations
from mailserver.store.models import Message, Thread
from tests.support.mail import delivered


def thread_of(delivery) -> int:
    return Message.objects.get(pk=delivery.message_id).thread_id


def test_it_joins_a_reply_to_what_it_answers(alice):
    first = delivered(alice, message_id="one@x.example", subject="Menu")
    reply = delivered(alice, reply_to="one@x.example", subject="Re: Menu")
    assert thread_of(first) == thread_of(reply)


def test_it_joins_a_parent_that_comes_late(alice):
    reply = delivered(alice, reply_to="late@x.example", subject="Re: Menu")
    parent = delivered(alice, message_id="late@x.example", subject="Menu")
    assert thread_of(parent) == thread_of(reply)


def test_it_joins_two_answers_whose_parent_never_comes(alice):
    places = [delivered(alice, reply_to="never@x.example", subject="Re: Menu") for _ in range(2)]
    assert len({thread_of(place) for place in places}) == 1


def test_it_starts_a_conversation_when_the_subject_changes(alice):
    first = delivered(alice, message_id="one@x.example", subject="Menu")
    other = delivered(alice, message_id="two@x.example", reply_to="one@x.example", subject="Cider")
    back = delivered(alice, reply_to="two@x.example", subject="Re: Cider")
    assert thread_of(first) != thread_of(other)
    assert thread_of(back) == thread_of(other)


def test_it_does_not_join_by_subject_alone(alice):
    assert thread_of(delivered(alice, subject="Hello")) != thread_of(delivered(alice, subject="Hello"))


def test_it_keeps_the_conversations_of_two_accounts_apart(alice, charlie):
    mine = delivered(alice, message_id="one@x.example")
    theirs = delivered(charlie, reply_to="one@x.example")
    assert thread_of(mine) != thread_of(theirs)
    assert Thread.objects.get(pk=thread_of(theirs)).account_id == charlie.pk


def test_it_does_not_grow_a_conversation_without_end(alice, monkeypatch):
    monkeypatch.setattr(conversations, "MAX_MESSAGES", 3)
    places = [delivered(alice, reply_to="list@x.example", subject="Re: List") for _ in range(5)]
    assert len({thread_of(place) for place in places}) == 2
