"""Ten processes killed under load; `python -m tests.scenario.crashes` kills a hundred."""

from __future__ import annotations

import pytest

from tests.scenario import crashes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_what_was_acknowledged_is_there_once_and_whole():
    outcome = crashes.play(10, seed=7, say=print)
    assert set(outcome.kills) == {"smtp", "postgres", "backend"}
    assert len(outcome.acknowledged) > 70
    assert (outcome.lost, outcome.doubled, outcome.faults) == (set(), set(), {})
