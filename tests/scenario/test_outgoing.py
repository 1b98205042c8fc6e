"""Six kills while mail goes out, one of each kind; `python -m tests.scenario.outgoing` makes fifty."""

from __future__ import annotations

import pytest

from tests.scenario import outgoing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_all_of_it_arrives_and_its_path_tells_every_try():
    outcome = outgoing.play(6, seed=3, say=print)
    assert outcome.kills == list(outgoing.KINDS)
    assert len(outcome.acknowledged) > 150
    assert (outcome.lost, outcome.hidden, outcome.faults) == (set(), set(), {})
    # Only what was under way when the worker or the database was killed may come twice.
    assert len(outcome.doubled) <= 12
