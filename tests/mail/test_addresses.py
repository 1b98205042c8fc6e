from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.errors import InvalidName
from mailserver.mail import addresses
from mailserver.mail.addresses import Address
from tests.support import corpora


@pytest.mark.parametrize(
    ("text", "local", "domain", "written"),
    [
        ("alice@crepes.fr", "alice", "crepes.fr", "alice@crepes.fr"),
        ("Alice@CREPES.fr", "Alice", "crepes.fr", "Alice@crepes.fr"),
        ('"alice"@crepes.fr', "alice", "crepes.fr", "alice@crepes.fr"),
        ('"a b"@crepes.fr', "a b", "crepes.fr", '"a b"@crepes.fr'),
        (r'"a\"b"@crepes.fr', 'a"b', "crepes.fr", r'"a\"b"@crepes.fr'),
        ('"a@b"@crepes.fr', "a@b", "crepes.fr", '"a@b"@crepes.fr'),
        ("bob@bücher.example", "bob", "xn--bcher-kva.example", "bob@xn--bcher-kva.example"),
        ("bob@BÜCHER.example", "bob", "xn--bcher-kva.example", "bob@xn--bcher-kva.example"),
        ("jürgen@crepes.fr", "jürgen", "crepes.fr", "jürgen@crepes.fr"),
        ("bob@[192.0.2.1]", "bob", "[192.0.2.1]", "bob@[192.0.2.1]"),
        ("bob@[ipv6:2001:DB8::0:1]", "bob", "[IPv6:2001:db8::1]", "bob@[IPv6:2001:db8::1]"),
        ("root@my_server.example", "root", "my_server.example", "root@my_server.example"),
    ],
)
def test_it_reads_a_mailbox(text: str, local: str, domain: str, written: str) -> None:
    address = addresses.parse(text)
    assert (address.local, address.domain, str(address)) == (local, domain, written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@crepes.fr",
        "alice@",
        '""@crepes.fr',
        "alice@crepes..fr",
        "alice@.crepes.fr",
        "alice@crepes.fr.",
        "alice@-crepes.fr",
        "al ice@crepes.fr",
        "alice@cre pes.fr",
        "alice@crepes.fr\r\n",
        "alice\x00@crepes.fr",
        "bob@[192.0.2.256]",
        "bob@[IPv6:fe80::1%eth0]",
        "a\u202eb@crepes.fr",
        "a\u00a0b@crepes.fr",
        "a\ud800b@crepes.fr",
        "x" * 65 + "@crepes.fr",
        "ü" * 33 + "@crepes.fr",
        "alice@" + "x" * 64 + ".fr",
        "alice@" + ".".join(["x" * 60] * 5),
        "<alice@crepes.fr>",
        "alice@crepes.fr@hamburger.edu@",
    ],
)
def test_it_refuses_what_is_no_mailbox(text: str) -> None:
    with pytest.raises(InvalidName):
        addresses.parse(text)


def test_it_refuses_a_local_part_beyond_ascii_without_smtputf8() -> None:
    with pytest.raises(InvalidName, match="SMTPUTF8"):
        addresses.parse("jürgen@crepes.fr", smtputf8=False)
    assert str(addresses.parse("j@bücher.example", smtputf8=False)) == "j@xn--bcher-kva.example"


def test_it_shows_the_unicode_form() -> None:
    assert addresses.parse("bob@xn--bcher-kva.example").unicode == "bob@bücher.example"
    assert addresses.to_unicode("xn--\x7f.example") == "xn--\x7f.example"


@pytest.mark.parametrize(("local", "base"), [("alice", "alice"), ("alice+news", "alice"), ("a+b+c", "a"), ("+x", "+x")])
def test_it_takes_the_detail_off(local: str, base: str) -> None:
    assert addresses.base_local(local) == base


@corpora.needed
def test_it_agrees_with_isemail() -> None:
    refused = {"ISEMAIL_ERR", "ISEMAIL_RFC5322", "ISEMAIL_CFWS"}
    wrong = []
    for case in corpora.table("isemail", "tests.json"):
        try:
            addresses.parse(case["address"])
            taken = True
        except InvalidName:
            taken = False
        if (case["category"] in refused and taken) or (case["category"] == "ISEMAIL_VALID_CATEGORY" and not taken):
            wrong.append((case["id"], case["address"], case["diagnosis"]))
    assert wrong == []


@given(st.text(max_size=80))
def test_it_raises_nothing_else(text: str) -> None:
    try:
        address = addresses.parse(text)
    except InvalidName:
        return
    assert addresses.parse(str(address)) == address


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30),
    st.sampled_from(["crepes.fr", "hamburger.edu", "[192.0.2.7]"]),
)
def test_it_writes_what_it_reads(local: str, domain: str) -> None:
    address = Address(local, domain)
    assert addresses.parse(str(address)) == address
