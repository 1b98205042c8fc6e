from __future__ import annotations

import pytest

from webmail.rendering.people import first_name, joined, person, senders
from webmail.templatetags.assets import initials

BOB = person("Bob Burger", "bob@hamburger.edu")
TOMAS = person("Tomás Figueiredo", "tomas@x.pt")
ME = person("Alice", "Alice@crepes.fr", {"alice@crepes.fr"})


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Inês Carvalhal de Sá", "Inês"),
        ("Dr. Okonkwo", "Dr. Okonkwo"),
        ("bob@hamburger.edu", "bob@hamburger.edu"),
        ("Burger, Bob", "Burger"),
        ("田中 さくら", "田中"),
    ],
)
def test_it_calls_people_by_first_name(name, first):
    assert first_name(name) == first


def test_it_lists_senders():
    assert senders([BOB]) == "Bob Burger"
    assert senders([ME]) == "me"
    assert senders([BOB, TOMAS, ME]) == "Bob, Tomás, me"
    crowd = [person(name, f"{name}@x.pt") for name in ("Ana", "Ben", "Cai", "Dan", "Eve")]
    assert senders(crowd) == "Ana … Dan, Eve"


def test_it_joins_names_to_a_sentence():
    assert joined([ME, BOB]) == "Bob and you"
    assert joined([ME, BOB], whole=True) == "Bob Burger and you"
    assert joined([ME, BOB, TOMAS]) == "Bob, Tomás and you"
    assert joined([BOB, TOMAS], most=1) == "Bob and 1 more"
    assert joined([]) == ""


def test_it_drops_names_that_pose_as_another_address():
    assert person("service@bank.example", "thief@evil.example").name == "thief@evil.example"
    assert not person("", "bob@hamburger.edu").named


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Bob", "B"),
        ("Breizh Weekly", "BW"),
        ("田中 さくら", "田"),
        ("bob@x.pt", "B"),
        ("de Sá Nogueira", "D"),
        ("", "?"),
        ("…", "?"),
    ],
)
def test_it_makes_faces_of_initials(name, letters):
    assert initials(name) == letters
