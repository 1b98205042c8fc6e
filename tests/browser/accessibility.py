"""What axe finds wrong with a page.

Open pages with `bypass_csp=True`: axe writes styles to look behind what is covered.
"""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def faults(page: Page) -> list[str]:
    """One line for each rule broken. Without preload: axe resolves imports of style sheets against the page."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [f"{page.url} {fault['id']}: {fault['nodes'][0]['html'][:200]}" for fault in found]
