from __future__ import annotations

import pytest
import time_machine

from mailserver.mail.spam.evidence import Standing
from mailserver.services import acquaintances
from mailserver.services.submission import SubmittedRecipient, submit
from mailserver.store.exchange import alone
from mailserver.store.models import Acquaintance
from tests.support.mail import message

pytestmark = pytest.mark.django_db


def known(account, address: str) -> tuple[Standing, Standing]:
    return alone(acquaintances.standings, [(account.pk, address)])[account.pk, address]


def test_nobody_is_known_at_first(alice):
    assert known(alice, "bob@hamburger.edu") == (Standing(), Standing())
    assert known(alice, "") == (Standing(), Standing())


def test_it_counts_addresses_and_domains_whatever_their_case(alice, charlie):
    acquaintances.count(alice.pk, [("Bob@Hamburger.edu", 0, 1)])
    acquaintances.count(alice.pk, [("charlie@hamburger.edu", 1, 0)])
    assert known(alice, "bob@HAMBURGER.edu") == (Standing(0, 1), Standing(1, 1))
    assert known(charlie, "bob@hamburger.edu") == (Standing(), Standing())


def test_it_never_counts_below_nothing(alice):
    acquaintances.count(alice.pk, [("bob@hamburger.edu", -1, -3)])
    acquaintances.count(alice.pk, [("bob@hamburger.edu", 0, 1)])
    assert known(alice, "bob@hamburger.edu")[0] == Standing(0, 1)


@pytest.mark.parametrize(
    "address", ["", "bob", "@", "bob@", "@hamburger.edu", "a\0@b\0", "x" * 500 + "@y.z", "é@ü.example"]
)
def test_it_takes_any_text_for_an_address(alice, address):
    acquaintances.count(alice.pk, [(address, 0, 1)])
    acquaintances.write_to(alice.pk, [address])
    known(alice, address)


def test_whom_one_writes_to_is_known(alice):
    raw = message(sender="alice@crepes.fr", to="bob@hamburger.edu")
    people = [SubmittedRecipient("Bob@hamburger.edu"), SubmittedRecipient("x@elsewhere.example")]
    for _ in range(2):
        submit(account_id=alice.pk, sender="alice@crepes.fr", recipients=people, raw=raw)
    assert known(alice, "bob@hamburger.edu") == (Standing(written=True), Standing())
    assert known(alice, "x@elsewhere.example")[0].written


def test_it_forgets_strangers_after_a_year_and_never_whom_one_wrote_to(alice):
    with time_machine.travel("2026-01-01"):
        acquaintances.count(alice.pk, [("old@hamburger.edu", 0, 1)])
        acquaintances.write_to(alice.pk, ["friend@hamburger.edu"])
    with time_machine.travel("2026-12-01"):
        acquaintances.count(alice.pk, [("new@elsewhere.example", 0, 1)])
        assert acquaintances.forget() == 0
    with time_machine.travel("2027-03-01"):
        assert acquaintances.forget() == 2
    assert set(Acquaintance.objects.values_list("sender", flat=True)) == {
        "friend@hamburger.edu",
        "new@elsewhere.example",
        "@elsewhere.example",
    }
