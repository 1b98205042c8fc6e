"""What axe finds wrong with a page.

Open pages with `bypass_csp=True`: axe writes styles to look behind what is covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE

Look = tuple[str, dict[str, int]]
LOOKS: Sequence[Look] = (("light", DESKTOP), ("dark", PHONE))

AXE = Axe().axe_script
# Without preload: axe resolves imports of style sheets against the page. Without frames: scripts do not run in those of
# a message, so axe would only wait for their answer. What passes is neither listed nor sent here, which takes more than
# half of the time. A colour on its way from one theme to the other would be a fault of the moment only; inside of a
# <details> that was closed meanwhile it never arrives, and axe does not look there either.
RUN = """async () => {
    const closed = "details:not([open]) > :not(summary)";
    const changing = document.getAnimations()
        .filter(one => one instanceof CSSTransition && !one.effect.target.closest(closed));
    await Promise.allSettled(changing.map(one => one.finished));
    return (await axe.run({preload: false, iframes: false, resultTypes: ["violations"]})).violations
        .map(fault => `${fault.id}: ${fault.nodes[0].html.slice(0, 200)}`);
}"""


def faults(page: Page) -> list[str]:
    """One line for each rule broken."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return [f"{page.url} {fault}" for fault in page.evaluate(RUN)]


def in_all(page: Page, looks: Sequence[Look] = LOOKS) -> Iterator[Look]:
    """Give the page one look after the other, and in the end the first again: to load it anew would take far longer."""
    for look in looks:
        put_on(page, look)
        yield look
    put_on(page, looks[0])


def put_on(page: Page, look: Look) -> None:
    theme, viewport = look
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(viewport)


def faults_in_all(page: Page, looks: Sequence[Look] = LOOKS) -> list[str]:
    """One line for each rule broken in any of the looks."""
    return [
        f"{theme}, {viewport['width']}: {fault}" for theme, viewport in in_all(page, looks) for fault in faults(page)
    ]
