from __future__ import annotations

import asyncio
import logging

from mailserver.net.dnsbl import Blocklists
from mailserver.net.rspamd import Envelope
from mailserver.net.scanners import Scan, Scanners
from tests.support.dns import FakeEvidence
from tests.support.scanners import Clamd, Rspamd, serving

ENVELOPE = Envelope("5.6.7.8", "mx.crepes.fr", "alice@crepes.fr")
LISTED = FakeEvidence({f"{name}.bl.example": [("A", "127.0.0.2")] for name in ("8.7.6.5", "2.0.0.127")})


def scanned(scanners: Scanners, envelope: Envelope = ENVELOPE) -> Scan:
    return asyncio.run(scanners.scan(b"Hello\r\n", envelope))


def test_it_asks_nobody_where_nothing_is_set_up():
    assert scanned(Scanners()) == Scan()


def test_it_asks_all_of_them():
    async def run():
        async with serving(Clamd(b"stream: Bad FOUND\0")) as clamd, serving(Rspamd({"score": 2})) as (host, port):
            scanners = Scanners(
                blocklists=Blocklists(["bl.example"], LISTED), rspamd_url=f"http://{host}:{port}", clamd_place=clamd
            )
            return await scanners.scan(b"Hello\r\n", ENVELOPE)

    found = asyncio.run(run())
    assert found.virus == "Bad"
    assert [reason.name for reason in found.reasons] == ["blocklist bl.example", "rspamd"]


def test_it_looks_up_our_own_networks_only_when_told():
    lists, home = Blocklists(["bl.example"], LISTED), Envelope("127.0.0.2", "", "")
    assert scanned(Scanners(blocklists=lists), home) == Scan()
    assert scanned(Scanners(blocklists=lists), Envelope("", "", "")) == Scan()
    assert len(scanned(Scanners(blocklists=lists, everybody=True), home).reasons) == 1


def test_what_is_away_is_logged_and_costs_nothing(caplog, tmp_path):
    scanners = Scanners(rspamd_url="http://127.0.0.1:1", clamd_place=str(tmp_path / "nobody"))
    with caplog.at_level(logging.ERROR):
        assert scanned(scanners) == Scan()
    assert "rspamd did not judge a message from 5.6.7.8" in caplog.text
    assert "clamd did not look at a message from 5.6.7.8" in caplog.text
