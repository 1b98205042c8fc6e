"""What the first view of the Inbox fetches, served as in production, with an empty cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import CDPSession

from mailserver.services.demo.seed import seed
from mailserver.store.models import Account


@dataclass
class Wire:
    """What a page asks for: the URL of each request, and the octets that came for it."""

    urls: dict[str, str] = field(default_factory=dict)
    octets: dict[str, int] = field(default_factory=dict)

    def listen(self, protocol: CDPSession) -> None:
        protocol.send("Network.enable")
        protocol.on("Network.requestWillBeSent", self._asked)
        protocol.on("Network.dataReceived", self._came)

    def _asked(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if not url.startswith("data:") and "/changed/" not in url:
            self.urls[event["requestId"]] = url

    def _came(self, event: dict[str, Any]) -> None:
        url = self.urls.get(event["requestId"], "")
        self.octets[url] = self.octets.get(url, 0) + event["encodedDataLength"]


@pytest.mark.slow
def test_it_asks_for_little_at_the_first_view(context):
    """At most 12 requests and 100 KB."""
    seed(password="crepes-and-cider")
    page = context(Account.objects.get(address="alice@crepes.fr")).new_page()
    wire = Wire()
    wire.listen(page.context.new_cdp_session(page))
    page.goto("/")
    page.wait_for_selector("html[data-ready]")
    page.wait_for_timeout(500)
    assert page.locator(".row").count() == 50
    assert len(wire.urls) <= 12, wire.urls
    assert sum(wire.octets.values()) <= 100_000, wire.octets
