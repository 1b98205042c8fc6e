"""`manage.py practice` for real: mail to servers with a character, and what the queue makes of it."""

from __future__ import annotations

import smtplib
import ssl
import time

import psycopg
import pytest

from tests.support.instance import Instance
from tests.support.mail import message
from tests.support.ports import free_ports

pytestmark = pytest.mark.slow

PASSWORD = "crepes-and-cider"
WANTED = {
    "echo@fine.test": ("delivered", 1),
    "bob@greylist.test": ("delivered", 2),
    "bob@nosuch.test": ("delivered", 1),
    "nobody@nosuch.test": ("bounced", 1),
    "bob@second.test": ("delivered", 1),
    "bob@gone.test": ("bounced", 1),
}


@pytest.fixture(scope="module")
def practice():
    dns, smtp = free_ports(2)
    told = {
        "CORREIO_DNS_SERVER": f"127.0.0.1:{dns}",
        "CORREIO_REMOTE_SMTP_PORT": str(smtp),
        "CORREIO_RETRY_SCHEDULE": "1s",
        "CORREIO_DEMO_PASSWORD": PASSWORD,
    }
    # It refuses a folder with data that is no practice, which a copy of the template would be.
    with Instance(told, command="practice", fresh=True) as instance:
        yield instance


def states(practice: Instance) -> dict[str, tuple[str, int]]:
    with psycopg.connect(practice.database_url) as database:
        found = database.execute("SELECT address, state, attempts FROM queuerecipient WHERE address LIKE '%.test'")
        return {address: (state, attempts) for address, state, attempts in found}


def answered(practice: Instance) -> bool:
    with psycopg.connect(practice.database_url) as database:
        return bool(database.execute("SELECT 1 FROM message WHERE subject = 'Re: Practice'").fetchall())


def test_each_place_does_what_the_guide_promises(practice):
    assert all(address in practice.output for address in WANTED)
    host, _, port = practice.ready["submissions"].partition(":")
    with smtplib.SMTP_SSL(host, int(port), context=ssl._create_unverified_context()) as client:
        client.login("alice@crepes.fr", PASSWORD)
        raw = message(sender="alice@crepes.fr", to="echo@fine.test", subject="Practice")
        client.sendmail("alice@crepes.fr", list(WANTED), raw)
    end = time.monotonic() + 60
    while (states(practice) != WANTED or not answered(practice)) and time.monotonic() < end:
        time.sleep(0.2)
    assert states(practice) == WANTED
    assert answered(practice)
    assert "took" in practice.log("practice")
