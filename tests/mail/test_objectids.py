from __future__ import annotations

import pytest

from mailserver.mail import objectids


def test_it_reads_what_it_wrote():
    assert objectids.message_number(objectids.email_id(7)) == 7
    assert objectids.thread_number(objectids.thread_id(8)) == 8


@pytest.mark.parametrize("value", ["", "M", "7", "M07", "m7", "M7 ", "M-7", "M٧", "M" + "9" * 19, "MT7"])
def test_it_knows_what_is_none_of_ours(value):
    assert objectids.message_number(value) is None
    assert objectids.thread_number(value.replace("M", "T")) is None


def test_a_message_is_no_conversation():
    assert objectids.message_number("T7") is None
    assert objectids.thread_number("M7") is None
