"""One instance for all mail programs, and for each test a person without mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.household import Household, Person
from tests.support.instance import Instance

LIMITS_OFF = {"CORREIO_DEMO": "0", "CORREIO_CONNECTION_LIMITS": "off"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = f"{Path(__file__).parent}/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def household() -> Iterator[Household]:
    with Instance(LIMITS_OFF) as instance:
        yield Household(instance)


@pytest.fixture
def alice(household: Household) -> Person:
    return household.person()
