from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.spam import rules
from tests.mail.spam.letters import letter, raw
from tests.support import corpora

HTML = {"content_type": "text/html"}
MONEY = "The beneficiary of this inheritance is you.\r\n"


def names(found) -> list[str]:
    return [reason.name for reason in rules.reasons(found)]


def link(href: str, text: str) -> str:
    return f'<p>Hello</p><a class="x" href="{href}">{text}</a>'


def test_it_has_nothing_against_a_letter():
    assert rules.reasons(letter()) == ()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"date": None}, "no_date"),
        ({"message_id": None}, "no_message_id"),
        ({"from": None}, "no_author"),
        ({"from": ""}, "no_author"),
        ({"to": None}, "no_recipient"),
        ({"date": "Wed, 25 Nov 2026 10:00:01 +0000"}, "date_ahead"),
        ({"date": "Sat, 07 Nov 2026 10:00:00 +0000"}, "date_old"),
        ({"subject": "YOU HAVE WON 100%"}, "shouting"),
        ({"from": '"service@bank.example" <x@evil.example>'}, "name_is_address"),
        ({"reply_to": "x@evil.example", "subject": "Lottery", "body": "a bank transfer"}, "answers_elsewhere"),
        ({"reply_to": "x@evil.example", "body": MONEY}, "answers_elsewhere"),
        ({**HTML, "body": link("http://evil.example/", "www.bank.example")}, "link_elsewhere"),
        ({**HTML, "body": link("http://evil.example/", "<b>https://bank.example/in</b>")}, "link_elsewhere"),
    ],
)
def test_it_sees(fields, name):
    assert names(letter(**fields)) == [name]


@pytest.mark.parametrize(
    "fields",
    [
        {"date": "Tue, 24 Nov 2026 09:00:00 +0000"},
        {"date": "Tue, 10 Nov 2026 10:00:00 +0000"},
        {"date": "yesterday"},
        {"subject": "RE: NASA"},
        {"subject": "会議の議題について確認をお願いします"},
        {"from": '"bob@mail.hamburger.edu" <bob@hamburger.edu>'},
        {"reply_to": "x@evil.example", "body": "Your donation arrived."},
        {"reply_to": "bob@lists.hamburger.edu", "body": MONEY},
        {**HTML, "body": link("http://evil.example/", "Click here")},
        {**HTML, "body": link("https://mail.bank.example/", "www.bank.example")},
        {**HTML, "body": link("mailto:x@evil.example", "www.bank.example")},
    ],
)
def test_it_does_not_mind(fields):
    assert names(letter(**fields)) == []


def test_it_leaves_links_alone_where_there_is_text_beside_the_html():
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x\r\nContent-Type: text/html\r\n\r\n"
        + link("http://click.example/", "www.shop.example")
        + "\r\n--x--\r\n"
    )
    assert names(letter(body=body, content_type="multipart/alternative; boundary=x")) == []


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        ({"helo": "MX.crepes.fr", "here": "mx.crepes.fr"}, ["helo_is_ours"]),
        ({"helo": "mx.crepes.fr", "here": "mx.crepes.fr", "stranger": False}, []),
        ({"helo": "", "here": ""}, []),
        ({"forged": True}, ["forged_passage"]),
    ],
)
def test_it_knows_its_own_name(passage, found):
    assert names(letter(passage=passage)) == found


@pytest.mark.parametrize(("name", "found"), [("bill.pdf.EXE", ["program"]), ("bill.pdf", [])])
def test_it_minds_programs(name, found):
    body = f'--x\r\n\r\nHi\r\n--x\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\nMZ\r\n--x--\r\n'
    assert names(letter(body=body, content_type="multipart/mixed; boundary=x")) == found


def test_each_rule_says_why_in_a_sentence():
    for rule in rules.RULES:
        assert rule.sentence[0].isupper()
        assert rule.sentence.endswith(".")
        assert 0 < rule.points < 5
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)


@given(st.binary(max_size=2000))
def test_it_reads_any_octets(octets):
    assert rules.reasons(letter(octets)) == rules.reasons(letter(octets))


@given(st.text(alphabet="<a href=\"'>/:.x@w ", max_size=500))
def test_it_reads_any_html(html):
    assert rules.reasons(letter(raw(html, content_type="text/html"))) is not None


@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_it_reads_the_messages_of_others(path):
    assert sum(reason.points for reason in rules.reasons(letter(path.read_bytes()))) < 15
