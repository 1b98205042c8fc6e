"""The demo's password: chosen once, told again at every start, never for accounts that are not the demo's."""

from __future__ import annotations

import pytest

from mailserver.services.demo import people
from mailserver.stack import demo, plan


@pytest.fixture
def make(tmp_path):
    return lambda **variables: plan.make({"CORREIO_DATA_DIR": str(tmp_path), **variables})


def test_it_makes_a_password_once(make, tmp_path):
    first = demo.password(make().config)
    assert len(first) >= 10
    assert demo.password(make().config) == first
    assert (tmp_path / "demo_password").stat().st_mode & 0o777 == 0o600


def test_it_takes_the_password_from_the_environment_and_remembers_it(make):
    assert demo.password(make(CORREIO_DEMO_PASSWORD="tell nobody").config) == "tell nobody"
    assert demo.password(make().config) == "tell nobody"
    assert demo.password(make(CORREIO_DEMO_PASSWORD="too late").config) == "tell nobody"


def test_it_tells_the_demo_job_alone_the_password(make):
    wanted = make()
    assert demo.job(wanted).environ["CORREIO_DEMO_PASSWORD"] == demo.password(wanted.config)
    assert not any("CORREIO_DEMO_PASSWORD" in child.environ for child in plan.servers(wanted))


def test_it_tells_no_password_for_accounts_it_did_not_make(make):
    config = make().config
    assert demo.accounts(config) == {}
    demo.password(config)
    demo.forget_unless_made(config, ["there are accounts already, nothing to do"])
    assert demo.accounts(config) == {}


def test_it_tells_the_password_of_the_accounts_it_made(make):
    config = make().config
    password = demo.password(config)
    demo.forget_unless_made(config, [f"made {', '.join(people.ACCOUNTS)}"])
    assert demo.accounts(config) == dict.fromkeys(people.ACCOUNTS, password)
    assert demo.accounts(make(CORREIO_DEMO="0").config) == {}
