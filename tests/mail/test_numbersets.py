from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.numbersets import common, each, runs_of

NUMBERS = st.sets(st.integers(1, 40))


@given(NUMBERS, NUMBERS)
def test_it_finds_the_numbers_of_both_sets(one, other):
    both = common(runs_of(one), runs_of(other))
    assert list(each(both)) == sorted(one & other)
    assert both == runs_of(one & other)
