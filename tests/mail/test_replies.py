from __future__ import annotations

import re

import pytest

from mailserver.mail import replies
from mailserver.mail.replies import Reply

NAMED = {name: value for name, value in vars(replies).items() if isinstance(value, Reply)}


@pytest.mark.parametrize("name", NAMED)
def test_it_names_only_well_formed_replies(name):
    reply = NAMED[name]
    assert re.fullmatch(r"[2-5][0-5]\d", str(reply.code))
    assert re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", reply.enhanced) or 300 <= reply.code < 400
    assert reply.source
    # RFC 5321 §4.5.3.1.5: a reply line is at most 512 octets with its CRLF.
    assert all(len(line) <= 510 for line in str(reply).split("\r\n"))


def test_it_has_no_two_names_for_one_reply():
    assert len({(reply.code, reply.text) for reply in NAMED.values()}) == len(NAMED)


def test_it_writes_code_status_and_text():
    assert str(replies.SENDER_OK) == "250 2.1.0 Sender OK"
    assert bytes(replies.RELAY_DENIED) == b"554 5.7.1 We do not relay for you"
    assert str(replies.START_DATA) == "354 End with a line that has only a dot"


def test_it_repeats_code_and_status_on_each_line():
    assert str(Reply(550, "5.7.1", "one\ntwo", "test")) == "550-5.7.1 one\r\n550 5.7.1 two"


def test_it_greets_with_the_host_name_first():
    assert str(replies.greeting("mx.hamburger.edu")) == "220 mx.hamburger.edu ESMTP ready"


def test_it_lists_keywords_one_per_line():
    hello = replies.hello("mx.hamburger.edu", "crepes.fr", ["PIPELINING", "SIZE 37748736"])
    assert str(hello) == (
        "250-mx.hamburger.edu Hello crepes.fr, pleased to meet you\r\n250-PIPELINING\r\n250 SIZE 37748736"
    )


def test_it_keeps_the_space_of_an_empty_challenge():
    assert str(replies.challenge()) == "334 "
    assert str(replies.challenge("VXNlcm5hbWU6")) == "334 VXNlcm5hbWU6"


def test_it_tells_the_number_of_a_taken_message():
    assert str(replies.message_taken("7F3A91")) == "250 2.0.0 Queued as 7F3A91"
    assert replies.message_taken("7F3A91").source == replies.MESSAGE_TAKEN.source


def test_it_knows_what_goes_on_and_what_closes():
    assert replies.START_DATA.positive
    assert not replies.UNKNOWN_RECIPIENT.positive
    assert replies.BYE.closes
    assert replies.IDLE_TOO_LONG.closes
    assert not replies.MESSAGE_TOO_LARGE.closes


@pytest.mark.parametrize("text", ["two\r\nreplies", "bell\x07", "crêpe", "nul\0"])
def test_it_refuses_text_that_could_break_the_line(text):
    with pytest.raises(ValueError, match="printable ASCII"):
        Reply(250, "2.0.0", text, "test")


def test_it_refuses_a_status_of_another_class():
    with pytest.raises(ValueError, match="another class"):
        Reply(550, "4.1.1", "No such user here", "test")
