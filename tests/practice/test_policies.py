"""What the policies of the practice internet lead to, up to the page that its author reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.practice.internet import Internet
from mailserver.practice.places import places
from mailserver.services import delivery
from tests.support.ports import free_ports
from tests.support.queueing import only, queued
from tests.webmail.writing import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def internet():
    (policies,) = free_ports(1)
    wanted = [place for place in places() if "sts.test" in place.domain or "badtls.test" in place.domain]
    with Internet(wanted, policy_port=policies) as internet:
        yield internet, policies


@pytest.fixture
def send(internet, settings, alice, tmp_path):
    """One try for an address, and the page about it."""
    world, policies = internet
    authority = tmp_path / "ca.pem"
    authority.write_bytes(world.authority.pem)
    settings.CORREIO = replace(
        settings.CORREIO,
        dns_server=world.dns.address,
        remote_smtp_port=world.port,
        mta_sts_port=policies,
        trusted_ca=authority,
        allow_private_hops=True,
        routes={},
        stage_timeout=15.0,
    )

    def story(address: str):
        entry = queued(alice, address, sent_copy=True)
        delivery.deliver_domain(address.rpartition("@")[2])
        page = signed_in(alice).get(f"/message/{entry.sent_copy_id}/path/").content.decode()
        return only(entry), entry.attempts.get(), page

    return story


STORIES = {
    "bob@sts.test": (
        "delivered",
        ("sts", True),
        [
            "sts.test has taken it for",
            "Encrypted, TLSv1.3",
            "The policy of sts.test asks for proven encryption (MTA-STS). The server proved who it is: "
            "its certificate is valid for mx1.sts.test.",
        ],
    ),
    "bob@broken.sts.test": (
        "deferred",
        ("sts", False),
        [
            "The way to broken.sts.test could not be protected as it has to be.",
            "The policy of broken.sts.test asks for proven encryption (MTA-STS). "
            "The certificate of mx1.broken.sts.test: self-signed certificate.",
            "No mail for mx1.broken.sts.test without proper encryption",
            "Try now",
        ],
    ),
    "bob@badtls.test": (
        "delivered",
        ("none", False),
        # Its garbage comes before our first word of TLS ("spoke on in clear") or in answer to it (OpenSSL's words).
        ["badtls.test has taken it for", "Not encrypted", "so it went in clear."],
    ),
    "bob@self-signed.badtls.test": (
        "delivered",
        ("none", False),
        ["Encrypted, TLSv1.3", "Nobody asked the server to prove who it is."],
    ),
}


@pytest.mark.parametrize("address", STORIES)
def test_a_policy_decides_and_the_page_says_so(internet, send, address):
    state, protection, told = STORIES[address]
    row, attempt, page = send(address)
    assert (row.state, (attempt.tls_policy, attempt.tls_verified)) == (state, protection)
    assert [words for words in told if words not in page] == []
    server = internet[0].servers[f"mx1.{row.domain}"]
    assert len(server.messages) == (state == "delivered")
    assert [session.encrypted for session in server.sessions if "DATA" in session.commands] == (
        [bool(attempt.tls)] if state == "delivered" else []
    )
