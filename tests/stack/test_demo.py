"""The demo's password: chosen once, told again at every start, never for accounts that are not the demo's."""

from __future__ import annotations

import asyncio

import pytest

from mailserver.services.demo import people
from mailserver.stack import demo, plan

MADE = [f"made {', '.join(people.ACCOUNTS)}"]
NOT_EMPTY = ["there are accounts already, nothing to do"]


@pytest.fixture
def start(tmp_path):
    """Start once: the job's output is given, and its environments are collected."""

    def go(output, seen=None, **variables):
        wanted = plan.make({"CORREIO_DATA_DIR": str(tmp_path), **variables})

        async def job(child):
            if seen is not None:
                seen.append(child.environ["CORREIO_DEMO_PASSWORD"])
            if isinstance(output, Exception):
                raise output
            return output

        asyncio.run(demo.ensure(wanted, job))
        return demo.accounts(wanted.config)

    return go


def test_it_makes_a_password_once_and_tells_it_at_every_start(start, tmp_path):
    first = start(MADE)
    assert set(first) == set(people.ACCOUNTS)
    assert len(first[people.ALICE]) >= 12
    assert (tmp_path / "demo_password").stat().st_mode & 0o777 == 0o600
    seen = []
    assert start(NOT_EMPTY, seen) == first
    assert seen == []


def test_it_takes_the_password_from_the_environment_and_remembers_it(start):
    assert start(MADE, CORREIO_DEMO_PASSWORD="tell nobody")[people.BOB] == "tell nobody"
    assert start(MADE, CORREIO_DEMO_PASSWORD="too late")[people.BOB] == "tell nobody"


def test_it_goes_on_with_the_password_of_an_interrupted_start(start):
    seen = []
    with pytest.raises(RuntimeError):
        start(RuntimeError("power cut"), seen)
    accounts = start(NOT_EMPTY, seen)
    assert seen == [accounts[people.ALICE]] * 2


def test_it_tells_no_password_for_accounts_it_did_not_make(start):
    assert start(NOT_EMPTY) == {}
    assert start(NOT_EMPTY) == {}


def test_it_tells_no_password_when_the_demo_is_off(start):
    start(MADE)
    assert start(MADE, CORREIO_DEMO="0") == {}
