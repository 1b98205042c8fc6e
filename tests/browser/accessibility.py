"""What axe finds wrong with a page.

Open pages with `bypass_csp=True`: axe writes styles to look behind what is covered.
"""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe().axe_script
# Without preload: axe resolves imports of style sheets against the page. Without frames: scripts do not run in those of
# a message, so axe would only wait for their answer. What passes is neither listed nor sent here, which takes more than
# half of the time.
RUN = """async () => (await axe.run({preload: false, iframes: false, resultTypes: ["violations"]})).violations
    .map(fault => `${fault.id}: ${fault.nodes[0].html.slice(0, 200)}`)"""


def faults(page: Page) -> list[str]:
    """One line for each rule broken."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return [f"{page.url} {fault}" for fault in page.evaluate(RUN)]
