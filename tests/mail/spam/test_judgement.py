from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.spam.judgement import MOST_REASONS, Judgement, Reason, from_json, judge


def points(*given) -> list[Reason]:
    return [Reason(f"r{index}", value, "Because.") for index, value in enumerate(given)]


@pytest.mark.parametrize(
    ("given", "junk", "reject", "action"),
    [
        ([], 5, 0, "inbox"),
        ([4.9], 5, 0, "inbox"),
        ([2.5, 2.5], 5, 0, "junk"),
        ([50], 0, 0, "inbox"),
        ([50], 5, 0, "junk"),
        ([15], 5, 15, "reject"),
        ([15, -3], 5, 15, "junk"),
        ([15], 0, 15, "reject"),
        ([0.1] * 50, 5, 0, "junk"),
    ],
)
def test_it_adds_points_up(given, junk, reject, action):
    assert judge(points(*given), junk=junk, reject=reject).action == action


def test_it_may_be_told_that_it_is_spam():
    asked = Reason("asked", 0, "They asked.")
    found = judge(points(1), junk=5, reject=15, decisive=asked)
    assert (found.action, found.reasons[0]) == ("junk", asked)
    assert judge(points(20), junk=5, reject=15, decisive=asked).action == "reject"


def test_it_puts_the_weightiest_reason_first():
    assert [reason.points for reason in judge(points(1, -3, 2), junk=5, reject=0).reasons] == [-3, 2, 1]


def test_it_keeps_what_the_store_can_keep():
    found = judge([Reason("a\0b", 1, "x" * 999 + "\ud800"), *points(*[0.1] * 99)], junk=5, reject=0)
    assert len(found.reasons) == MOST_REASONS
    assert (found.reasons[0].name, len(found.reasons[0].sentence)) == ("a b", 300)


@given(st.lists(st.builds(Reason, st.text(), st.floats(-50, 50), st.text()), max_size=60))
def test_it_comes_back_from_json(given):
    found = judge(given, junk=5, reject=15)
    text = json.dumps(found.to_json())
    assert from_json(json.loads(text)) == found
    assert "\\u0000" not in text
    assert isinstance(found, Judgement)
