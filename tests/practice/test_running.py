from __future__ import annotations

import pytest

from mailserver import conf
from mailserver.errors import ConfigurationError
from mailserver.practice import echo, running
from mailserver.practice.places import places
from mailserver.stack import plan

TALK = ["EHLO mail.crepes.fr", "MAIL FROM:<alice@crepes.fr> SIZE=9", "RCPT TO:<echo@fine.test>", "DATA"]
MESSAGE = b"From: alice@crepes.fr\r\nSubject: Night\r\nMessage-ID: <1@crepes.fr>\r\n\r\nHello\r\n"


def test_an_echo_answers_the_envelope_sender():
    [answer] = echo.answers(TALK, MESSAGE)
    assert (answer["To"], answer["Subject"], answer["In-Reply-To"]) == ("alice@crepes.fr", "Re: Night", "<1@crepes.fr>")
    assert answer["From"] == "Echo <echo@fine.test>"


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        ([*TALK[:1], "MAIL FROM:<>", *TALK[2:]], MESSAGE),
        (TALK, b"Auto-Submitted: auto-replied\r\n" + MESSAGE),
        ([*TALK, "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@fine.test>"], MESSAGE),
    ],
    ids=["a report", "a machine", "an earlier transaction"],
)
def test_an_echo_keeps_silent(talk, message):
    assert echo.answers(talk, message) == []


def test_practice_has_data_of_its_own_and_short_times(tmp_path):
    told = running.environ({"CORREIO_EXPIRE_AFTER": "1h", "PATH": "/bin"})
    assert (told["CORREIO_DATA_DIR"], told["CORREIO_EXPIRE_AFTER"]) == ("var/practice", "1h")
    config = conf.load({**told, "CORREIO_DATA_DIR": str(tmp_path)})
    assert config.dns_server == ("127.0.0.1", 2053)
    assert config.retry_schedule[0].total_seconds() == 20


def test_it_leaves_the_mail_of_people_alone(tmp_path):
    given = {"CORREIO_DATA_DIR": str(tmp_path), "CORREIO_DATABASE_URL": "postgresql:///mail"}
    assert "CORREIO_DATABASE_URL" not in running.environ(given)
    (tmp_path / "postgres").mkdir()
    with pytest.raises(ConfigurationError, match="no practice"):
        running.environ(given)
    (tmp_path / running.TRUST).touch()
    running.environ(given)


def test_it_runs_as_a_child_that_is_waited_for():
    wanted = plan.make({})
    [child] = running.children(wanted)
    assert (child.name, child.ready_line) == ("practice", running.READY.encode())


def test_it_says_what_is_missing(tmp_path):
    with pytest.raises(ConfigurationError, match="CORREIO_DNS_SERVER"):
        running.run(conf.load({"CORREIO_DATA_DIR": str(tmp_path)}), print)


def test_the_handbook_names_every_address():
    handbook = (plan.ROOT / "docs" / "operations.md").read_text()
    addresses = [address for place in places() for address, _ in place.shows]
    assert [address for address in addresses if f"`{address}`" not in handbook] == []
    assert all(address in running.guide() for address in addresses)
