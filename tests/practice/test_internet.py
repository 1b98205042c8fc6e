"""Each place of the practice internet does what it promises to show: our own client meets it through its directory."""

from __future__ import annotations

import asyncio
import ssl
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from mailserver.net.mx import NoRoute, next_hops
from mailserver.net.resolver import DnsResolver
from mailserver.net.smtp_client import deliver
from mailserver.practice.internet import Internet
from mailserver.practice.places import places
from mailserver.practice.policies import PATH, PolicyServer
from tests.net.delivering import MESSAGE, hasty

DIRECTLY = ("delivered", 250)


@pytest.fixture(scope="module")
def internet():
    with Internet(places(pause=0.002)) as internet:
        yield internet


def attempt(internet: Internet, address: str):
    """(outcome, code) of one try, and the report; the code is 0 where no server said it."""

    async def story():
        hops = await next_hops(
            address.rpartition("@")[2],
            resolver=DnsResolver(internet.dns.address),
            routes={},
            port=internet.port,
            own_names={"mail.crepes.fr"},
            allow_private=True,
        )
        message = replace(MESSAGE, recipients=(address,))
        return await deliver(hops, message, hostname="mail.crepes.fr", timeouts=hasty(data_start=0.3))

    report = asyncio.run(story())
    [result] = report.results
    return (result.outcome, result.code), report


OUTCOMES = {
    "bob@fine.test": [DIRECTLY],
    "echo@fine.test": [DIRECTLY],
    "bob@greylist.test": [("deferred", 451), DIRECTLY, ("deferred", 451)],
    "bob@busy.test": [("deferred", 421), DIRECTLY],
    "bob@slow.test": [DIRECTLY],
    "bob@full.test": [("deferred", 452)],
    "never@full.test": [("bounced", 552)],
    "nobody@nosuch.test": [("bounced", 550)],
    "bob@nosuch.test": [DIRECTLY],
    "bob@blocked.test": [("bounced", 554)],
    "bob@dead.test": [("deferred", 0)],
    "bob@second.test": [DIRECTLY],
    "bob@silent.test": [("deferred", 0)],
    "bob@cut.test": [("deferred", 0), DIRECTLY],
    "bob@badtls.test": [DIRECTLY],
    "bob@outdated.badtls.test": [DIRECTLY],
    "bob@self-signed.badtls.test": [DIRECTLY],
    "bob@wrong-name.badtls.test": [DIRECTLY],
    "bob@sts.test": [DIRECTLY],
    "bob@broken.sts.test": [DIRECTLY],
}
NOWHERE = {"bob@null.test": True, "bob@nodns.test": False, "bob@gone.test": True}


def test_every_address_that_the_guide_names_is_tried_here():
    assert {address for place in places() for address, _ in place.shows} == {*OUTCOMES, *NOWHERE}


@pytest.mark.parametrize("address", OUTCOMES)
def test_it_answers_as_promised(internet, address):
    assert [attempt(internet, address)[0] for _ in OUTCOMES[address]] == OUTCOMES[address]


@pytest.mark.parametrize("address", NOWHERE)
def test_it_has_domains_that_lead_nowhere(internet, address):
    with pytest.raises(NoRoute) as caught:
        attempt(internet, address)
    assert caught.value.permanent is NOWHERE[address]


@pytest.mark.parametrize(
    ("address", "host", "encrypted"),
    [
        ("bob@fine.test", "mx1.fine.test", True),
        ("bob@second.test", "mx2.second.test", True),
        ("bob@badtls.test", "mx1.badtls.test", False),
    ],
)
def test_the_report_says_which_server_took_it_and_how(internet, address, host, encrypted):
    _, report = attempt(internet, address)
    assert (report.hop.host, bool(report.tls)) == (host, encrypted)


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("mx1.fine.test", ""),
        ("mx1.outdated.badtls.test", "expired"),
        ("mx1.self-signed.badtls.test", "self-signed"),
        ("mx1.wrong-name.badtls.test", "mismatch"),
        ("mx1.sts.test", ""),
        ("mx1.broken.sts.test", "self-signed"),
    ],
)
def test_only_the_good_certificates_prove_anything(internet, host, fault):
    trust = ssl.create_default_context(cadata=internet.authority.pem.decode())
    server = internet.servers[host]
    client, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = trust.wrap_bio(client, far, server_hostname=host)
    other = server.context.wrap_bio(far, client, server_side=True)
    said = ""
    for _ in range(4):
        for side in (near, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                said = said or str(error)
    assert (fault in said) if fault else not said


def test_a_policy_is_read_by_those_who_trust_the_authority(internet):
    with PolicyServer({"mta-sts.sts.test": ["mx1.sts.test"]}, internet.authority) as server:
        trust = ssl.create_default_context(cadata=internet.authority.pem.decode())
        trust.check_hostname = False  # the name leads nowhere in the directory of this machine
        url = f"https://127.25.0.80:{server.port}"

        def ask(path: str) -> str:
            asked = urllib.request.Request(url + path, headers={"Host": "mta-sts.sts.test"})
            with urllib.request.urlopen(asked, context=trust, timeout=10) as answer:
                return answer.read().decode()

        assert ask(PATH) == "version: STSv1\r\nmode: enforce\r\nmx: mx1.sts.test\r\nmax_age: 86400\r\n"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask("/")
        with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
            urllib.request.urlopen(url + PATH, timeout=10)
