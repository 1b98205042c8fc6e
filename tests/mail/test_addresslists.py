from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import addresslists
from mailserver.mail.addresslists import HeaderAddress, format_list, parse_list
from mailserver.mail.headers import unfold
from tests.support import corpora

BOB = HeaderAddress("Bob", "bob@hamburger.edu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("bob@hamburger.edu", [HeaderAddress("", "bob@hamburger.edu")]),
        ("Bob <bob@hamburger.edu>", [BOB]),
        ("bob@hamburger.edu (Bob)", [BOB]),
        ("Bob bob@hamburger.edu", [BOB]),
        ('"Bob" <bob@hamburger.edu', [HeaderAddress("Bob", "bob@hamburger.edu")]),
        ("'Bob' <<bob@hamburger.edu>>", [HeaderAddress("'Bob'", "bob@hamburger.edu")]),
        ("Bob <@relay.example:bob@hamburger.edu>", [BOB]),
        ("Friends: Bob <bob@hamburger.edu>, alice@crepes.fr;", [BOB, HeaderAddress("", "alice@crepes.fr")]),
        ("Undisclosed recipients:;", []),
        ("=?utf-8?q?Caf=C3=A9=2C_Paris?= <cafe@crepes.fr>", [HeaderAddress("Café, Paris", "cafe@crepes.fr")]),
        ("root", [HeaderAddress("root", "")]),
        ('"a b"@crepes.fr', [HeaderAddress("", '"a b"@crepes.fr')]),
        ("bob@[IPv6:2001:db8::1], x@y.z", [HeaderAddress("", "bob@[IPv6:2001:db8::1]"), HeaderAddress("", "x@y.z")]),
        ("bob @ hamburger . edu", [HeaderAddress("", "bob@hamburger.edu")]),
        ("a@b.c; d@e.f", [HeaderAddress("", "a@b.c"), HeaderAddress("", "d@e.f")]),
        ("Bob\x00 <bob@hamburger.edu>", [BOB]),
        ("=?utf-8?q?a=0D=0ABcc:_x?= <bob@hamburger.edu>", [HeaderAddress("a Bcc: x", "bob@hamburger.edu")]),
    ],
)
def test_it_reads_a_list(text: str, expected: list[HeaderAddress]) -> None:
    assert parse_list(text) == expected


def test_it_keeps_bounds() -> None:
    assert len(parse_list("a@b.c," * 5000)) == 1000
    assert len(parse_list(f"{'n' * 5000} <a@b.c>")[0].name) == 200


@pytest.mark.parametrize("mark", ['"', "(", "<", "()", "<(", '"\\', "a:", "[", "@[", "=?a?q?", ",<", "\\"])
def test_it_reads_a_hostile_list_in_one_pass(mark: str) -> None:
    # Quadratic work on 256 KB would take minutes and run into the test's time limit.
    parse_list(mark * (256 * 1024 // len(mark)))


@corpora.needed
@pytest.mark.parametrize(
    "case", corpora.table("mail-parser-rfc", "tables/address.json") if corpora.FOLDER.is_dir() else []
)
def test_it_agrees_with_the_address_table(case: dict[str, Any]) -> None:
    expected = list(_flat(case["expected"]))
    # Comments inside names, source routes and lines that are not folded are read differently on purpose.
    header = case["header"].split("\n\n")[0]
    if "(" in header or "node.test" in header or "\ninvalid" in header:
        assert parse_list(unfold(header.encode()))
        return
    found = [(item.name, item.address) for item in parse_list(unfold(header.encode()))]
    assert found == expected


def _flat(expected: dict[str, Any]) -> Any:
    for item in expected.get("List", []):
        yield (item["name"] or "").strip(), item["address"]
    for group in expected.get("Group", []):
        yield from _flat({"List": group["addresses"]})


names = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Z"]), max_size=30)


@given(st.lists(st.tuples(names, st.sampled_from(["bob@hamburger.edu", "a+b@crepes.fr"])), max_size=5))
def test_it_writes_what_it_reads(pairs: list[tuple[str, str]]) -> None:
    addresses = [HeaderAddress(name, address) for name, address in pairs if "=?" not in name]
    assert parse_list(format_list(addresses)) == addresses


@given(st.text(max_size=300))
def test_it_never_raises(text: str) -> None:
    for item in parse_list(text):
        text = item.name + item.address
        assert text
        assert "\x00" not in text
        text.encode()


@given(st.text(alphabet='"(<>),;:@[]\\ a.=?q_', max_size=200))
def test_it_never_raises_on_specials(text: str) -> None:
    parse_list(text)


_PIECES = """ " | < | > | @ | , | a | b.c | Bob | Dr. | =?utf-8?q?caf=C3=A9?= | [1.2.3.4] | = | (x) | : | ; | \\ | ' | é
    | a@b.example | <a@b.example> | "Hal, Jr."  | Bob <b@c.example> | , """


@given(
    st.lists(st.sampled_from([*_PIECES.split("|"), *map(str.strip, _PIECES.split("|")), "\t"]), max_size=12).map(
        "".join
    )
)
def test_a_plain_list_is_read_as_any_other(text):
    found = addresslists._plain(text)
    assert found is None or found == addresslists._read(text)


@pytest.mark.parametrize(
    "text",
    ["a@b.example", '"Hal, Jr." <hal@b.example>, Bob <bob@c.example>', "=?utf-8?q?caf=C3=A9?= <a@b.example>", ""],
)
def test_most_lists_are_plain(text):
    assert addresslists._plain(text) == addresslists._read(text)
