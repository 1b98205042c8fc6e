"""Senders of forwarded mail: there and back, and nothing that we did not write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.errors import InvalidName
from mailserver.mail import srs
from mailserver.mail.addresses import MAX_ADDRESS, Address, parse

KEY = b"a key of the tests"
DAY = 20_784
LABELS = st.from_regex(r"[a-z0-9]{1,12}(-[a-z0-9]{1,5})?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
ATOMS = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[a-z=]{1,8})?", fullmatch=True)
QUOTED = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
SENDERS = st.builds(Address, ATOMS | QUOTED, DOMAINS)


def rewritten(sender: str | Address, *, key: bytes = KEY, day: int = DAY, domain: str = "crepes.fr") -> Address:
    found = srs.forward(parse(sender) if isinstance(sender, str) else sender, domain=domain, key=key, day=day)
    assert found
    return found


def test_it_names_the_sender_under_our_domain():
    found = rewritten("ana@mill.pt")
    assert found.domain == "crepes.fr"
    assert found.local.startswith("SRS0=")
    assert found.local.endswith("=mill.pt=ana")
    assert srs.reverse(found.local, key=KEY, day=DAY) == Address("ana", "mill.pt")


@given(SENDERS, st.integers(0, srs.LIFETIME), st.integers(0, 5000))
def test_every_sender_comes_back(sender, age, day):
    local = rewritten(sender, day=day).local
    if srs.is_rewritten(sender.local):
        return
    assert srs.reverse(local, key=KEY, day=day + age) == sender


@given(SENDERS)
def test_the_envelope_takes_what_we_write(sender):
    found = rewritten(sender)
    assert srs.parse(str(found)) == found


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_it_survives_a_server_that_changes_the_case(change):
    found = srs.reverse(change(rewritten("Ana.Lopes@mill.pt").local), key=KEY, day=DAY)
    assert (found.local.lower(), found.domain) == ("ana.lopes", "mill.pt")


@pytest.mark.parametrize("age", [srs.LIFETIME + 1, 200, 1000, -1])
def test_it_ends_after_three_weeks(age):
    local = rewritten("ana@mill.pt").local
    with pytest.raises(InvalidName, match="too old"):
        srs.reverse(local, key=KEY, day=DAY + age)


@given(st.data())
def test_a_changed_character_is_noticed(data):
    local = rewritten("ana@mill.pt").local
    index = data.draw(st.integers(5, len(local) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    if other.lower() == local[index].lower():
        return
    with pytest.raises(InvalidName):
        srs.reverse(local[:index] + other + local[index + 1 :], key=KEY, day=DAY)


@given(st.text(max_size=80) | st.from_regex(r"SRS[01][=+-][A-Z2-7=]{0,20}=[a-z.=]{0,20}", fullmatch=True))
def test_it_believes_nobody_else(text):
    with pytest.raises(InvalidName):
        srs.reverse(text, key=KEY, day=DAY)


def test_it_believes_no_other_key():
    with pytest.raises(InvalidName):
        srs.reverse(rewritten("ana@mill.pt", key=b"another").local, key=KEY, day=DAY)


def test_a_second_forwarder_keeps_the_way_to_the_first():
    first = rewritten("ana@mill.pt", key=b"first", domain="first.example")
    second = rewritten(first, domain="crepes.fr")
    assert second.local.startswith("SRS1=")
    assert srs.reverse(second.local, key=KEY, day=DAY) == first


def test_a_third_one_adds_nothing_to_the_length():
    first = rewritten("ana@mill.pt", key=b"first", domain="first.example")
    second = rewritten(first, key=b"second", domain="second.example")
    third = rewritten(second)
    assert len(third.local) == len(second.local)
    assert srs.reverse(third.local, key=KEY, day=DAY) == first


def test_a_first_forwarder_may_have_another_separator():
    first = Address("SRS0+x1=AB=mill.pt=ana", "first.example")
    assert srs.reverse(rewritten(first).local, key=KEY, day=DAY) == first


def test_it_writes_no_address_that_is_too_long():
    sender = Address("a" * 64, ".".join(["b" * 40] * 4))
    assert srs.forward(sender, domain="crepes.fr", key=KEY, day=DAY) is None
    sender = Address("a" * 64, "mill.pt")
    assert len(str(rewritten(sender))) < MAX_ADDRESS


@pytest.mark.parametrize(
    "text", ["a" * 65 + "@mill.pt", '"' + "a" * 65 + '"@mill.pt', "SRS0=" + "a" * 300 + "@crepes.fr"]
)
def test_only_rewritten_addresses_may_be_long(text):
    with pytest.raises(InvalidName):
        srs.parse(text)
