"""The alarm never cries for who sends as usual, and always for who sends far more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.conf import Alarm
from mailserver.mail.sendingalarm import Figures, describe, suspicion

ALARM = Alarm()
counts = st.integers(0, 5000)
figures = st.builds(Figures, counts, counts, counts, counts, counts)
KINDS = ("recipients", "domains", "bounces", "networks")


@given(figures)
def test_more_of_anything_never_calms_it(seen):
    kinds = {reason.kind for reason in suspicion(seen, ALARM)}
    for kind in KINDS:
        more = replace(seen, **{kind: getattr(seen, kind) + 1})
        assert kinds <= {reason.kind for reason in suspicion(more, ALARM)}


@given(figures)
def test_each_reason_is_beyond_its_bound_and_what_is_none_is_within(seen):
    reasons = {reason.kind: reason for reason in suspicion(seen, ALARM)}
    for kind in KINDS:
        if kind in reasons:
            assert reasons[kind].seen == getattr(seen, kind) > reasons[kind].most >= getattr(ALARM, kind)
        else:
            assert getattr(seen, kind) <= max(getattr(ALARM, kind), ALARM.times * seen.usual * (kind == "recipients"))


@given(figures)
def test_what_was_released_goes_again_and_twice_as_much(seen):
    assert suspicion(seen, ALARM, seen) == ()
    doubled = Figures(seen.recipients * 2, seen.usual, seen.domains * 2, seen.bounces * 2, seen.networks * 2)
    assert suspicion(doubled, ALARM, seen) == ()


@given(st.integers(1, 1000))
def test_who_always_sends_much_is_left_alone(usual):
    assert suspicion(Figures(usual * ALARM.times, usual), ALARM) == ()
    beyond = max(usual * ALARM.times, ALARM.recipients) + 1
    (reason,) = suspicion(Figures(beyond, usual), ALARM)
    assert (reason.kind, reason.seen) == ("recipients", beyond)


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_it_saw(kind):
    (reason,) = suspicion(Figures(**{"recipients": 0, kind: 1204}), ALARM)
    assert "1,204" in describe(reason, 12)
