"""Address lists as they are written; what they mean to people is in test_addresslists.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import addressentries
from mailserver.mail.addressentries import Entry, GroupMark, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("=?utf-8?q?a=2Cb?= <c@d>", [Entry("=?utf-8?q?a=2Cb?=", "c@d")]),
        ('"=?utf-8?q?a?=" <c@d>', [Entry("=?utf-8?q?a?=", "c@d")]),
        ('  "A  B"  <c@d> , e@f', [Entry("A B", "c@d"), Entry("", "e@f")]),
        ('"a b"@c', [Entry("", '"a b"@c')]),
        ("A <@r,@s:c@d>", [Entry("A", "c@d", "@r,@s")]),
        ("(A)", [Entry("A", "", is_comment=True)]),
        ("g: a@b;", [GroupMark("g"), Entry("", "a@b"), GroupMark()]),
        ("g: h: a@b", [GroupMark("g"), GroupMark(), GroupMark("h"), Entry("", "a@b"), GroupMark()]),
        (":::a@b", [Entry("", "a@b")]),
    ],
)
def test_it_reads_what_is_written(text, expected):
    assert read(text) == expected


pieces = ["Bob ", "B. (x) ", '"a, b" ', '"a\\"b" ', "<c@d>", "<c @ d>", "e@f", "é@ü", "@", ",", ";", ":", " ", "  "]
pieces += ['"', "\\", "(", ")", "<", ">", "=?utf-8?q?a=2Cb?=", "[", "]", "\t", "g:"]


@given(st.lists(st.sampled_from(pieces), max_size=12).map("".join))
def test_the_short_way_reads_what_the_long_way_does(text):
    quick = read(text)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(addressentries, "_usual", lambda reading: False)
        assert quick == read(text)


@given(st.text(max_size=80))
def test_groups_that_begin_end(text):
    marks = [entry.name for entry in read(text) if isinstance(entry, GroupMark)]
    assert all(marks[::2])
    assert not any(marks[1::2])
    assert len(marks) % 2 == 0
