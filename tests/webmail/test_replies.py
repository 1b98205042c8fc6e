"""Who an answer goes to."""

from __future__ import annotations

import pytest

from mailserver.services import messages
from mailserver.services.accounts import add_alias
from tests.support.mail import delivered
from webmail.rendering import replies


def start(account, everyone=False, **parts) -> replies.Start:
    place = delivered(account, **parts)
    return replies.reply(account, messages.get(account.pk, place.message_id), everyone=everyone)


def who(people) -> list[str]:
    return [person.address for person in people]


def test_it_answers_the_author(alice):
    found = start(alice, to="alice@crepes.fr, ines@crepes.fr").writing
    assert (who(found.to), found.cc, found.subject) == (["bob@hamburger.edu"], [], "Re: Crêpe night")
    assert str(found.sender) == "Alice <alice@crepes.fr>"


def test_it_answers_where_the_author_asks_to(alice):
    assert who(start(alice, extra="Reply-To: desk@hamburger.edu\r\n").writing.to) == ["desk@hamburger.edu"]


def test_it_answers_everybody_once_and_not_oneself(alice):
    found = start(
        alice,
        everyone=True,
        to="Alice <ALICE@crepes.fr>, Tomás <tomas@serralves.pt>, bob@hamburger.edu",
        extra="Cc: Ana <ana@serralves.pt>, TOMAS@serralves.pt, alice+club@crepes.fr\r\n",
    ).writing
    assert (who(found.to), who(found.cc)) == (["bob@hamburger.edu"], ["tomas@serralves.pt", "ana@serralves.pt"])


def test_it_answers_from_the_address_that_was_written_to(alice):
    add_alias(account_id=alice.pk, address="hello@crepes.fr")
    assert start(alice, to="hello+stand@crepes.fr").writing.sender.address == "hello@crepes.fr"
    assert start(alice, to="list@elsewhere.example").writing.sender.address == "alice@crepes.fr"


@pytest.mark.parametrize("everyone", [False, True])
def test_it_answers_ones_own_message_to_those_it_went_to(alice, everyone):
    found = start(alice, everyone, sender="alice@crepes.fr", to="bob@hamburger.edu, ana@serralves.pt").writing
    assert who([*found.to, *found.cc]) == ["bob@hamburger.edu", "ana@serralves.pt"]


def test_it_can_answer_a_note_to_oneself(alice):
    assert who(start(alice, sender="alice@crepes.fr", to="alice@crepes.fr").writing.to) == ["alice@crepes.fr"]


@pytest.mark.parametrize("everyone", [False, True])
def test_it_answers_a_message_without_people(alice, everyone):
    found = start(alice, everyone, sender="", to="").writing
    assert (found.to, found.cc) == ([], [])
