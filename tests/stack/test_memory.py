from __future__ import annotations

import pytest

from mailserver.stack import memory


@pytest.fixture
def bound(tmp_path, monkeypatch):
    """Two files of bounds that are not there yet."""
    paths = tmp_path / "memory.max", tmp_path / "limit_in_bytes"
    monkeypatch.setattr(memory, "_BOUNDS", paths)
    return paths


def test_without_a_bound_it_is_the_memory_of_the_machine(bound):
    machine = memory.octets()
    assert machine > 2**27
    bound[0].write_text("max\n")
    bound[1].write_text("9223372036854771712\n")
    assert memory.octets() == machine


@pytest.mark.parametrize("which", [0, 1])
def test_of_a_container_it_is_the_bound(bound, which):
    bound[which].write_text("67108864\n")
    assert memory.octets() == 2**26
