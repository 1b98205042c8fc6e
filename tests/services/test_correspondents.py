from __future__ import annotations

import pytest

from mailserver.mail.addresses import HeaderAddress
from mailserver.services import correspondents, mailboxes, messages
from mailserver.store.models import Mailbox
from tests.support.mail import delivered, message


def find(account, text) -> list[str]:
    return [str(found.person) for found in correspondents.find(account_id=account.pk, text=text)]


def sent(account, to) -> None:
    box = mailboxes.by_use(account.pk, Mailbox.Use.SENT)
    messages.append(account_id=account.pk, mailbox_id=box.pk, raw=message(sender=account.address, to=to))


def test_it_puts_those_one_writes_to_before_those_who_write(alice):
    delivered(alice, sender="Bobette <bobette@news.example>")
    delivered(alice, sender="Bobette <bobette@news.example>")
    sent(alice, "Bob <bob@hamburger.edu>, Tomás Pereira <tp@serralves.pt>")
    assert find(alice, "bob") == ["Bob <bob@hamburger.edu>", "Bobette <bobette@news.example>"]


def test_it_finds_by_name_address_and_domain(alice):
    sent(alice, "Tomás Pereira <tp@serralves.pt>")
    for text in ("tom", "PEREIRA", "tp@", "serralves", "@serr", "tomás pe"):
        assert find(alice, text) == ["Tomás Pereira <tp@serralves.pt>"]
    assert find(alice, "ereira") == []
    assert find(alice, " ") == []


def test_it_names_somebody_once_and_never_oneself(alice):
    sent(alice, "alice@crepes.fr, bob@hamburger.edu")
    sent(alice, "Bob <BOB@hamburger.edu>")
    assert [found.person for found in correspondents.find(account_id=alice.pk, text="b")] == [
        HeaderAddress("Bob", "BOB@hamburger.edu")
    ]
    assert find(alice, "ali") == []


def test_it_tells_nobody_of_anothers_correspondents(alice, charlie):
    sent(alice, "Bob <bob@hamburger.edu>")
    assert find(charlie, "bob") == []


@pytest.mark.parametrize("typed", ["bobb@hamburger.edu", "bo@hamburger.edu", "bpb@hamburger.edu", "bob@hambugrer.edu"])
def test_it_knows_whom_a_slip_of_the_finger_meant(alice, typed):
    sent(alice, "Bob <bob@hamburger.edu>")
    sent(alice, "Bob <bob@hamburger.edu>")
    sent(alice, typed)
    assert correspondents.meant(account_id=alice.pk, address=typed) == (HeaderAddress("Bob", "bob@hamburger.edu"), 2)


def test_once_is_enough_when_the_other_was_written_once_too(alice):
    sent(alice, "bob@hamburger.edu")
    sent(alice, "bobb@hamburger.edu")
    found = correspondents.meant(account_id=alice.pk, address="bobb@hamburger.edu")
    assert found == (HeaderAddress("", "bob@hamburger.edu"), 1)


@pytest.mark.parametrize("typed", ["bob@hamburger.edu", "carol@hamburger.edu", "bobby@hamburger.edu"])
def test_it_does_not_guess(alice, typed):
    sent(alice, "Bob <bob@hamburger.edu>")
    assert correspondents.meant(account_id=alice.pk, address=typed) is None
